import { execFile, spawn } from "node:child_process";
import { chmodSync, copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { MOTO_FORKS } from "../../local/moto.ts";
import { asRoot } from "../../local/task/isolate.ts";
import { withNeed } from "../helpers/needs.ts";
import { until } from "../helpers/until.ts";

const root = resolve(import.meta.dirname, "../..");
/** Brings up the loopback interface of a new network namespace: SIOCSIFFLAGS, IFF_UP and IFF_RUNNING. */
const UP = `import fcntl, socket, struct; fcntl.ioctl(socket.socket(), 0x8914, struct.pack("16sh", b"lo", 0x41))`;

/** Starts `npm run local` in a network namespace that has nothing else, and waits for its task. */
async function startApart(): Promise<{ readonly pid: number; readonly stop: () => Promise<void> }> {
  const script = `/usr/bin/python3 -c '${UP}' && exec "$0" local/cli.ts`;
  const child = spawn("unshare", ["--net", "sh", "-c", script, process.execPath], {
    cwd: root,
    // With a moto of its own.
    env: { ...process.env, [MOTO_FORKS]: undefined },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
  const lines: string[] = [];
  for (const stream of [child.stdout, child.stderr])
    createInterface({ input: stream }).on("line", (line) => lines.push(line));
  const pid = child.pid ?? 0;
  const stop = async (): Promise<void> => {
    child.kill("SIGTERM");
    await ended;
  };
  try {
    await until(
      () =>
        lines.some((line) => /^# task .* RUNNING$/.test(line)) &&
        lines.some((line) => line.includes("Ctrl-C")),
      () => lines.join("\n"),
    );
  } catch (error) {
    await stop();
    throw error;
  }
  return { pid, stop };
}

withNeed(
  it,
  "root",
  asRoot ? undefined : "these tests run as another user",
)("another user of the machine gets nothing from `npm run local`", async () => {
  const directory = mkdtempSync("/var/tmp/neighbour-");
  chmodSync(directory, 0o755);
  copyFileSync(join(root, "__tests__/helpers/neighbour.py"), join(directory, "neighbour.py"));
  const { pid, stop } = await startApart();
  try {
    const words = [
      `--target=${pid}`,
      "--net",
      "--",
      "setpriv",
      "--reuid=65534",
      "--regid=65534",
      "--clear-groups",
    ];
    const { stdout } = await promisify(execFile)("nsenter", [
      ...words,
      ...["/usr/bin/python3", "-I", join(directory, "neighbour.py")],
    ]);
    expect(stdout.trim().split("\n")).toEqual([
      expect.stringMatching(/^tried 1 port\(s\) and [1-9]\d* socket\(s\)$/),
    ]);
  } finally {
    await stop();
    rmSync(directory, { recursive: true });
  }
});
