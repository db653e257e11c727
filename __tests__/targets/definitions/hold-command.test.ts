import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { asRoot } from "../../../local/task/isolate.ts";
import { DEADLINE_FILE, holdCommand } from "../../../src/targets/definitions/hold-command.ts";
import { withNeed } from "../../helpers/needs.ts";
import { SHELLS } from "../../helpers/shells.ts";
import { inTime } from "../../helpers/until.ts";

it("the hold lives a quarter of an hour longer than the job may", () => {
  expect(holdCommand(3_600_000, [])).toEqual([
    "sh",
    "-c",
    "trap 'sleep 5; exit 0' TERM INT; sleep 4500 & wait $!",
  ]);
});

it.each([
  ["a shell", ["sh", "-c"], 1],
  ["a shell by its path", ["/bin/bash", "-ec"], 1],
  ["a login shell of busybox", ["ash", "-lce"], 1],
  ["a shell that runs nothing", ["dash", "-nc"], 3],
  ["a shell that runs nothing by a flag of its own", ["dash", "-n", "-c"], 3],
  ["a shell with a script of its own", ["sh", "/start.sh", "-c"], 3],
  ["a shell with flags and options of their own", ["/bin/bash", "--norc", "-l", "-eo", "pipefail", "-c"], 1],
  ["a script", ["/docker-entrypoint.sh"], 3],
  ["another program", ["python3", "-c"], 3],
])("for %s as the entry point, %j, the hold has %i words", (_, entryPoint, words) => {
  expect(holdCommand(0, entryPoint)).toHaveLength(words);
});

it("the hold ends without an error on TERM, once the exec agent has had some time", async () => {
  const [command = "", flag = "", script = ""] = holdCommand(0, []);
  // The script says when it waits. It has a process group of its own, so that its sleep can be killed with it.
  const args = [
    flag,
    script.replace("wait", "echo waiting; wait").replace("sleep 5", "echo lingering; sleep 0.1"),
  ];
  const child = spawn(command, args, { detached: true, stdio: ["ignore", "pipe", "ignore"] });
  await inTime("the first word of the hold", once(child.stdout, "data"));
  child.kill("SIGTERM");
  const [word] = (await inTime("a word after TERM", once(child.stdout, "data"))) as [Buffer];
  const [code] = (await inTime("the end of the hold", once(child, "exit"))) as [number | null];
  if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
  expect(word.toString()).toBe("lingering\n");
  expect(code).toBe(0);
});

const asOwner = withNeed(it, "root", asRoot ? undefined : "only root can write the file of the deadline");
/** Seconds that no test lasts. */
const LONG = 3_600;
const uptime = (): number => Number(readFileSync("/proc/uptime", "utf8").split(" ")[0]);

/** For how many seconds a hold of one second lasts, `most` at most, when the file of its deadline has this. The seconds are those of its clock. */
async function secondsOf(
  shell: string,
  text: (now: number) => string,
  { most, mode = 0o600 }: { readonly most: number; readonly mode?: number },
): Promise<number> {
  const directory = mkdtempSync(join(tmpdir(), "hold-"));
  try {
    const file = join(directory, "deadline");
    const began = Math.floor(uptime());
    writeFileSync(file, text(began));
    chmodSync(file, mode);
    const [, , script = ""] = holdCommand(0, [], { isPutOff: true });
    const short = script
      .replace(DEADLINE_FILE, file)
      .replace("e=$((t+900))", "e=$((t+1))")
      .replace("t+21600", `t+${most}`);
    const [program = "", ...words] = shell.split(" ");
    const child = spawn(program, [...words, "-c", short], { stdio: "ignore" });
    expect((await inTime("the end of the hold", once(child, "exit")))[0]).toBe(0);
    return Math.floor(uptime()) - began;
  } finally {
    rmSync(directory, { recursive: true });
  }
}

asOwner.concurrent.each(SHELLS)(
  "the end of a hold can be put off, and not beyond a limit: %s",
  async (shell) => {
    const later = (now: number): string => `${now + LONG}\n`;
    const [put, limited] = await Promise.all([
      secondsOf(shell, (now) => `${now + 4}\n`, { most: LONG }),
      secondsOf(shell, later, { most: 4 }),
      // Where the file counted, the hold would not end within this test.
      secondsOf(shell, () => "1\n", { most: LONG }),
      secondsOf(shell, () => "99999999999999999999\n", { most: LONG }),
      secondsOf(shell, () => "later\n", { most: LONG }),
      secondsOf(shell, later, { most: LONG, mode: 0o622 }),
    ]);
    expect(put).toBeGreaterThanOrEqual(4);
    expect(limited).toBeGreaterThanOrEqual(4);
  },
);
