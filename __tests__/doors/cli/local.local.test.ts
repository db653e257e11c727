import { type ChildProcessByStdio, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { once } from "node:events";
import type { Readable } from "node:stream";
import { everyNth } from "../../helpers/every-nth.ts";
import { until } from "../../helpers/until.ts";

let child: ChildProcessByStdio<null, Readable, null> | undefined;
afterEach(() => {
  // When a test has failed, its processes are still there.
  try {
    process.kill(-(child?.pid ?? NaN), "SIGKILL");
  } catch {
    // They have ended.
  }
});

it.each(everyNth(["SIGKILL", "SIGHUP", "SIGTERM"] as const, 3))(
  "%s to the command line ends the local Fargate and the command that runs in it",
  async (signal) => {
    const command = ["sh", "-c", "echo $PPID $$; exec sleep 97"];
    child = spawn(process.execPath, ["src/doors/bin.ts", "local", "--", ...command], {
      detached: true,
      stdio: ["ignore", "pipe", "inherit"],
    });
    const [line] = (await once(child.stdout, "data")) as [Buffer];
    const pids = line.toString().trim().split(" ");
    const running = (): readonly string[] => pids.filter((pid) => existsSync(`/proc/${pid}`));
    expect(running()).toHaveLength(2);
    child.kill(signal);
    await until(
      () => running().length === 0,
      () => `running: ${running().join(", ")}`,
    );
  },
);
