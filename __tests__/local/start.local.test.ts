import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { MOTO_FORKS } from "../../local/moto.ts";
import { eventually, inTime, until } from "../helpers/until.ts";
import { inSoak } from "../helpers/every-nth.ts";
import { runtimes } from "./runtimes.ts";
import { waitForStatus, runTask, startWorld } from "./with-local.ts";

/**
 * Processes whose environment or arguments contain `url`: those of containers. moto's processes are not among them, since
 * moto listens on another port.
 */
function processesOf(url: string): string[] {
  return readdirSync("/proc").filter((pid) => {
    if (!/^\d+$/.test(pid) || Number(pid) === process.pid) return false;
    try {
      return ["environ", "cmdline"].some((file) =>
        readFileSync(`/proc/${pid}/${file}`, "utf8").includes(url),
      );
    } catch {
      return false;
    }
  });
}

it.each(runtimes)("stop() leaves no process, no mount and no open port (%s)", async (runtime) => {
  const mounts = readFileSync("/proc/self/mountinfo", "utf8");
  const world = await startWorld({ runtime });
  const task = await runTask(world, "setsid sleep 600 & exec sleep 600");
  await waitForStatus(task, "RUNNING");
  expect(processesOf(world.local.url).length).toBeGreaterThan(0);
  await world.local.stop();
  await eventually(() => processesOf(world.local.url), []);
  expect(readFileSync("/proc/self/mountinfo", "utf8")).toBe(mounts);
  await expect(fetch(world.local.url)).rejects.toThrow();
});

// The handler is the same for both signals that have one.
const deaths = [
  ["SIGINT", runtimes[0] ?? "own"],
  ["SIGTERM", runtimes.at(-1) ?? "own"],
  ...runtimes.map((runtime) => ["SIGKILL", runtime] as const),
] as const;
inSoak(it).each(deaths)(
  "when the process that started the local Fargate ends by %s, its tasks (%s) and moto end",
  async (signal, runtime) => {
    const script = `
      import { startLocalFargate } from "./local/start.ts";
      import { seed } from "./local/seed.ts";
      import { until } from "./__tests__/helpers/until.ts";
      const local = await startLocalFargate({ runtime: "${runtime}" });
      await seed(local);
      await until(() => local.tasks[0]?.lastStatus === "RUNNING", () => String(local.tasks[0]?.lastStatus));
      console.log(local.url + " " + local.tasks[0].containers[0].handle.pid);
    `;
    const child = spawn(process.execPath, ["--input-type=module", "--eval", script], {
      cwd: join(import.meta.dirname, "../.."),
      stdio: ["ignore", "pipe", "inherit"],
      // With a moto of its own.
      env: { ...process.env, [MOTO_FORKS]: undefined },
    });
    const said = once(createInterface({ input: child.stdout }), "line") as Promise<[string]>;
    const [line] = await inTime("the address of the local Fargate", said);
    const [url = "", pid = ""] = line.split(" ");
    const descendants = readdirSync("/proc").filter(
      (one) => /^\d+$/.test(one) && ancestorsOf(one).includes(child.pid),
    );
    // moto's two processes, and the task's.
    expect(descendants.length).toBeGreaterThanOrEqual(3);
    child.kill(signal);
    await inTime("the end of the local Fargate", once(child, "exit"));
    await until(() => [pid, ...descendants].every((one) => !existsSync(`/proc/${one}/exe`)));
    await until(() => processesOf(url).length === 0);
  },
);

function ancestorsOf(pid: string | number): readonly (number | undefined)[] {
  try {
    const parent = Number(/^PPid:\s*(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]);
    return [parent, ...ancestorsOf(parent)];
  } catch {
    return []; // It has ended meanwhile, or is the first process.
  }
}
