import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { MachineLock } from "../../src/places/machine-lock.ts";
import { systemClock } from "../../src/clock.ts";
import { SleeplessClock } from "../helpers/stepped-clock.ts";

const RUNNER = "/work:/temp";
const target = (): string => `ecs:c_t_${randomUUID()}`;

it("only one at a time has the lock of a container, and the next one learns that another had it", async () => {
  const name = target();
  const [first, second] = [
    new MachineLock(name, RUNNER, systemClock),
    new MachineLock(name, RUNNER, systemClock),
  ];
  expect(await first.acquire()).toBe(false);
  const waiting = second.acquire();
  let isOver = false;
  void waiting.then(() => (isOver = true));
  await systemClock.sleep(200);
  expect(isOver).toBe(false);
  first.release();
  expect(await waiting).toBe(true);
  second.release();
});

it("the lock ends with its process, however that ends", async () => {
  const name = target();
  const module = new URL("../../src/places/machine-lock.ts", import.meta.url).href;
  const text = `import { MachineLock } from ${JSON.stringify(module)};
    await new MachineLock(${JSON.stringify(name)}, ${JSON.stringify(RUNNER)}, { now: Date.now }).acquire();
    console.log("held");
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", text], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(child.stdout, "data");
  const lock = new MachineLock(name, RUNNER, systemClock);
  const waiting = lock.acquire();
  child.kill("SIGKILL");
  expect(await waiting).toBe(true);
  lock.release();
});

it("containers and runners have locks of their own", async () => {
  const name = target();
  const locks = [
    new MachineLock(name, RUNNER, systemClock),
    new MachineLock(target(), RUNNER, systemClock),
    new MachineLock(name, "/other", systemClock),
  ];
  for (const lock of locks) expect(await lock.acquire()).toBe(false);
  for (const lock of locks) lock.release();
});

it("a lock that is never given back is waited for half a minute, and an abort ends the wait", async () => {
  const name = target();
  const clock = new SleeplessClock();
  const held = new MachineLock(name, RUNNER, clock);
  await held.acquire();
  const began = clock.now();
  expect(await new MachineLock(name, RUNNER, clock).acquire()).toBe(false);
  expect(clock.now() - began).toBe(30_000);
  await expect(
    new MachineLock(name, RUNNER, clock).acquire(AbortSignal.abort(new Error("cancelled"))),
  ).rejects.toThrow("cancelled");
  held.release();
});
