import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { itInSoak } from "../helpers/every-nth.ts";
import { inTime, until } from "../helpers/until.ts";

/** `npm run local`, and what it has printed. */
interface StartedCli {
  readonly child: ChildProcess;
  /** The pid of npm. */
  readonly npm: number;
  readonly lines: string[];
  /** The endpoint's address. */
  readonly url: string;
}

const groups: number[] = [];
afterEach(() => {
  // When a test has failed, its processes are still there.
  for (const group of groups.splice(0))
    try {
      process.kill(-group, "SIGKILL");
    } catch {
      // They have ended.
    }
});

/** Starts a command line of a shell that runs `npm run local`, and waits until the local Fargate is there. */
async function start(line: string): Promise<StartedCli> {
  const child = spawn("sh", ["-c", line], { detached: true, stdio: ["ignore", "pipe", "pipe"] });
  if (child.pid !== undefined) groups.push(child.pid);
  const lines: string[] = [];
  for (const stream of [child.stdout, child.stderr])
    createInterface({ input: stream }).on("line", (text) => lines.push(text));
  await until(
    () => lines.some((text) => text.includes("end: Ctrl-C")),
    () => lines.join("\n"),
  );
  const npm = Number(lines.find((text) => text.startsWith("npm is "))?.slice(7) ?? child.pid);
  const url = /AWS_ENDPOINT_URL=(.*)/.exec(lines.join("\n"))?.[1] ?? "";
  return { child, npm, lines, url };
}

const BACKGROUND = 'npm run -s local & echo "npm is $!"; wait $!; echo "it ended with $?"';

/** All that it prints, except the environment and the events. */
const others = ({ lines }: StartedCli): readonly string[] =>
  lines.filter(
    (text) =>
      !/^(export (AWS|ACTIONS|FARGATE)_|npm is |# (task|agent|clusters?|service|subnets|try|end|sessions|a fault) ?:? ?)/.test(
        text,
      ),
  );

async function expectEnded({ child, npm, lines, url }: StartedCli): Promise<void> {
  if (child.exitCode === null)
    await inTime("the end of npm", once(child, "exit"), { seen: () => lines.join("\n") });
  expect(existsSync(`/proc/${npm}`)).toBe(false);
  await expect(fetch(url)).rejects.toThrow("fetch failed");
}

itInSoak.each(["SIGINT", "SIGTERM"] as const)(
  "%s to npm ends it in the background, without complaints",
  async (signal) => {
    const started = await start(BACKGROUND);
    process.kill(started.npm, signal);
    await expectEnded(started);
    expect(others(started)).toEqual(["it ended with 0"]);
  },
);

it("Ctrl-C, which reaches npm and all below it, ends it without complaints", async () => {
  const started = await start("exec npm run -s local");
  process.kill(-started.npm, "SIGINT");
  await expectEnded(started);
  expect(started.child.exitCode).toBe(0);
  expect(others(started)).toEqual([]);
});
