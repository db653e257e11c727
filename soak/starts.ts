/**
 * Starts 1,000 jobs beside another user's process, which tries to plant the job directory, also between the payload's check of it and its
 * use. The containers' /bin/sh is dash, ash, bash or zsh. In some containers only root can write to some of the possible places; in others
 * every user can write to all of them. No planted byte is run, and every exit code is the script's. `SOAK_SHELLS=busybox npm run soak
 * starts` runs the 250 starts of one shell.
 */
import { SharedContainer, startMany } from "../__tests__/helpers/shared-container.ts";

const STARTS = Number(process.env["SOAK_STARTS"] ?? 1_000);
const all = ["dash", "busybox", "bash", "zsh"];
const shells = process.env["SOAK_SHELLS"]?.split(",") ?? all;
const kinds = [
  { name: "as images are", open: [], places: ["/tmp", "/var/tmp"] },
  { name: "all places open to every user", open: ["/var/lib", "/run"], places: ["/var/lib", "/run", "/tmp"] },
];
const each = Math.ceil(STARTS / all.length / kinds.length);

async function race(shell: string, { name, open, places }: (typeof kinds)[number]): Promise<boolean> {
  const container = await SharedContainer.start(shell, open);
  try {
    await container.attack(places);
    const wrong = await startMany(container, each);
    const { planted } = container;
    const holds = wrong.length === 0 && container.evidence === "" && container.isAlive && planted > each / 2;
    console.log(
      `${shell}, ${name}: ${each} starts, ${planted} with something planted, ${wrong.length} wrong, ` +
        `${container.evidence === "" ? "nothing of it run" : "IT WAS RUN"}, PID 1 ${container.isAlive ? "lives" : "IS DEAD"}`,
    );
    for (const one of wrong.slice(0, 3)) console.log(one);
    if (container.evidence !== "") console.log(container.evidence);
    return holds;
  } finally {
    await container.stop();
  }
}

let holds = true;
for (const shell of shells) {
  const results = await Promise.all(kinds.map((kind) => race(shell, kind)));
  holds &&= results.every(Boolean);
}
process.exitCode = holds ? 0 : 1;
