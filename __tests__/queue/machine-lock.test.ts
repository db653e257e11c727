import { jest } from "@jest/globals";
import { type ChildProcess, spawn, spawnSync, type SpawnOptions } from "node:child_process";
import { createHash, randomUUID } from "node:crypto";
import { once } from "node:events";
import {
  chmodSync,
  chownSync,
  lchownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "../../src/clock.ts";
import { type LockAnswer, lockOnMachine, MachineLock } from "../../src/queue/machine-lock.ts";
import { withNeed } from "../helpers/needs.ts";
import { SleeplessClock } from "../helpers/stepped-clock.ts";

const RUNNER = "/work:/temp";
const NOBODY = 65534;
const FREE: LockAnswer = { kind: "free" };
const WAITED: LockAnswer = { kind: "waited" };

const root = mkdtempSync(join(tmpdir(), "machine-lock-"));
const places = [join(root, "own")];
const children: ChildProcess[] = [];
afterAll(() => {
  for (const child of children) child.kill("SIGKILL");
  rmSync(root, { recursive: true });
});

const target = (): string => `ecs:c_t_${randomUUID()}`;
const lockOf = (sessionTarget: string, more = {}): MachineLock =>
  new MachineLock({
    ...{ sessionTarget, runner: RUNNER, clock: systemClock, ...more },
    machineLock: (name, clock) => lockOnMachine(name, clock, { places, ...more }),
  });

/** Runs a program in a process of its own, with a lock of this container as `lock`. */
function run(sessionTarget: string, program: string, options: SpawnOptions = {}): ChildProcess {
  const module = new URL("../../src/queue/machine-lock.ts", import.meta.url).href;
  const clock = new URL("../../src/clock.ts", import.meta.url).href;
  const given = JSON.stringify({ sessionTarget, runner: RUNNER });
  const text = `import { lockOnMachine, MachineLock } from ${JSON.stringify(module)};
    import { systemClock as clock } from ${JSON.stringify(clock)};
    import * as fs from "node:fs";
    const sleep = (ms) => clock.sleep(ms);
    const machineLock = (name, clock) => lockOnMachine(name, clock, { places: ${JSON.stringify(places)} });
    const lock = new MachineLock({ ...${given}, clock, machineLock });
    ${program}`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", text], {
    ...{ stdio: ["ignore", "pipe", "inherit"], ...options },
  });
  children.push(child);
  return child;
}

async function lineOf({ stdout }: ChildProcess): Promise<string> {
  if (stdout === null) throw new Error("the process has no standard output");
  const [data] = (await once(stdout, "data")) as [Buffer];
  return data.toString().trim();
}

it("only one at a time has the lock of a container, and the next one learns that another had it", async () => {
  const name = target();
  const [first, second] = [lockOf(name), lockOf(name)];
  expect(await first.acquire()).toEqual(FREE);
  const waiting = second.acquire();
  let isOver = false;
  void waiting.then(() => (isOver = true));
  await systemClock.sleep(200);
  expect(isOver).toBe(false);
  first.release();
  expect(await waiting).toEqual(WAITED);
  second.release();
});

it("the lock ends with its process, however that ends, and nothing is left of it", async () => {
  const name = target();
  const child = run(name, `console.log((await lock.acquire()).kind); setInterval(() => {}, 1000);`);
  expect(await lineOf(child)).toBe("free");
  const lock = lockOf(name);
  const waiting = lock.acquire();
  child.kill("SIGKILL");
  // The process may be dead before the first look at its socket.
  expect([FREE, WAITED]).toContainEqual(await waiting);
  lock.release();
  expect(readdirSync(join(root, "own"))).toEqual([]);
});

it("a socket that a killed process has left is no lock", async () => {
  const name = target();
  const child = run(name, `console.log((await lock.acquire()).kind); setInterval(() => {}, 1000);`);
  expect(await lineOf(child)).toBe("free");
  child.kill("SIGKILL");
  await once(child, "exit");
  const lock = lockOf(name);
  expect(await lock.acquire()).toEqual(FREE);
  lock.release();
});

it("processes that race for the lock of a killed process never have it together", async () => {
  const name = target();
  const dead = run(name, `console.log((await lock.acquire()).kind); setInterval(() => {}, 1000);`);
  await lineOf(dead);
  dead.kill("SIGKILL");
  await once(dead, "exit");
  const inside = join(root, "inside");
  const begin = join(root, "begin");
  // A directory can be made by one process at a time. Each holder is killed, so that the next one finds its socket, too.
  const racers = Array.from({ length: 6 }, () =>
    run(
      name,
      `while (!fs.existsSync(${JSON.stringify(begin)})) await sleep(1);
       const { kind } = await lock.acquire();
       fs.mkdirSync(${JSON.stringify(inside)});
       await sleep(20);
       fs.rmdirSync(${JSON.stringify(inside)});
       console.log(kind);
       process.kill(process.pid, "SIGKILL");`,
    ),
  );
  mkdirSync(begin);
  const kinds = await Promise.all(racers.map(lineOf));
  expect(kinds.every((kind) => kind === "free" || kind === "waited")).toBe(true);
}, 60_000);

it("containers and runners have locks of their own", async () => {
  const name = target();
  const locks = [lockOf(name), lockOf(target()), lockOf(name, { runner: "/other" })];
  for (const lock of locks) expect(await lock.acquire()).toEqual(FREE);
  for (const lock of locks) lock.release();
});

it("a lock that is never given back is given up after half a minute, and an abort ends the wait", async () => {
  const name = target();
  const clock = new SleeplessClock();
  const held = lockOf(name, { clock });
  await held.acquire();
  const began = clock.now();
  expect(await lockOf(name, { clock }).acquire()).toEqual({
    kind: "none",
    why: "another process has held it for 30 s",
  });
  expect(clock.now() - began).toBe(30_000);
  await expect(lockOf(name, { clock }).acquire(AbortSignal.abort(new Error("cancelled")))).rejects.toThrow(
    "cancelled",
  );
  held.release();
});

describe("another user of the machine", () => {
  const asRoot = withNeed(it, "root", process.geteuid?.() === 0 ? undefined : "it needs another user");

  asRoot("can't keep the lock from being had by taking a name for itself", async () => {
    const name = target();
    const digest = createHash("sha256").update(`${name}\n${RUNNER}`).digest("hex");
    const squatter = spawn(
      process.execPath,
      [
        "-e",
        `require("node:net").createServer().listen("\\0fargate-exec-${digest}", () => console.log("taken"))`,
      ],
      { stdio: ["ignore", "pipe", "inherit"], uid: NOBODY, gid: NOBODY, cwd: "/" },
    );
    children.push(squatter);
    expect(await lineOf(squatter)).toBe("taken");
    const lock = new MachineLock({
      ...{ sessionTarget: name, runner: RUNNER, clock: new SleeplessClock() },
      machineLock: lockOnMachine,
    });
    expect(await lock.acquire()).toEqual(FREE);
    lock.release();
  });

  asRoot(
    "can't have its own directory, or a link to one, taken for ours: the next place is used",
    async () => {
      const [planted, link, open] = ["planted", "link", "open"].map((each) => join(root, each));
      mkdirSync(planted ?? "", { mode: 0o700 });
      chownSync(planted ?? "", NOBODY, NOBODY);
      symlinkSync(planted ?? "", link ?? "");
      mkdirSync(open ?? "");
      chmodSync(open ?? "", 0o777);
      const clock = new SleeplessClock();
      const unsafe = [planted, link, open, join(root, "long".repeat(20))];
      const nowhere = { clock, places: unsafe, temporary: join(root, "missing") };
      expect(await lockOf(target(), nowhere).acquire()).toEqual({
        kind: "none",
        why: expect.stringMatching(
          /planted belongs to another user; .*link is no directory; .*open is open to other users; .* is too long/,
        ) as string,
      });
      const lock = lockOf(target(), { clock, places: [...unsafe, ...places] });
      expect(await lock.acquire()).toEqual(FREE);
      expect(readdirSync(planted ?? "")).toEqual([]);
      lock.release();
    },
  );

  asRoot(
    "can't lead the user's home elsewhere by a link of its own on the way, but the user can",
    async () => {
      const [home, theirs, ours] = ["real-home", "their-link", "our-link"].map((each) => join(root, each));
      mkdirSync(join(home ?? "", "locks"), { recursive: true, mode: 0o700 });
      symlinkSync(home ?? "", theirs ?? "");
      lchownSync(theirs ?? "", NOBODY, NOBODY);
      symlinkSync(theirs ?? "", ours ?? "");
      const led = (link = ""): MachineLock =>
        lockOf(target(), { places: [join(link, "locks")], temporary: join(root, "missing") });
      for (const link of [theirs, ours])
        expect(await led(link).acquire()).toMatchObject({
          kind: "none",
          why: expect.stringContaining("-link/locks stands where others may move it") as string,
        });
      lchownSync(theirs ?? "", process.geteuid?.() ?? 0, 0);
      const lock = led(ours);
      expect(await lock.acquire()).toEqual(FREE);
      lock.release();
    },
  );

  asRoot.each([
    ["its own directory", (path: string) => chownSync(path, NOBODY, NOBODY)],
    ["a directory below one of its own", (path: string) => chownSync(join(path, ".."), NOBODY, NOBODY)],
    ["a directory in which all may write", (path: string) => chmodSync(path, 0o777)],
  ])("can't have a lock that it could move away, as one for temporary files in %s", async (_, give) => {
    const above = mkdtempSync(join(root, "a-"));
    const temporary = join(above, "t");
    mkdirSync(temporary);
    for (const path of [root, above, temporary]) chmodSync(path, 0o755);
    give(temporary);
    const without = { places: [join(root, "no", "\0home")], temporary };
    const name = target();
    const lock = lockOf(name, without);
    const answer = await lock.acquire();
    // What the other user does when there is something to move: another process of ours would have the lock, too.
    const move = `for each in "$0"/* "$0"; do mv "$each" "$each.away" && exit; done`;
    const as = ["--reuid", String(NOBODY), "--regid", String(NOBODY), "--clear-groups"];
    spawnSync("setpriv", [...as, "sh", "-c", move, temporary]);
    mkdirSync(temporary, { recursive: true });
    const second = await lockOf(name, without).acquire();
    lock.release();
    expect([answer, second].filter((each) => each.kind !== "none")).toEqual([]);
    expect(answer).toMatchObject({
      why: expect.stringContaining("stands where others may move it") as string,
    });
  });

  asRoot(
    "can't take the name that a user without a home uses in the directory for temporary files",
    async () => {
      const temporary = mkdtempSync(join(root, "temporary-"));
      chmodSync(temporary, 0o1777);
      const planted = ["fargate-exec-0", "fargate-exec-0-000000"];
      for (const name of planted) {
        mkdirSync(join(temporary, name), { mode: 0o700 });
        chownSync(join(temporary, name), NOBODY, NOBODY);
      }
      const name = target();
      const without = { places: [join(root, "no", "\0home")], temporary };
      const [first, second] = [lockOf(name, without), lockOf(name, without)];
      // Both make a directory, and agree on one.
      const answers = [first.acquire(), second.acquire()];
      expect(await Promise.race(answers)).toEqual(FREE);
      const late = lockOf(target(), without);
      expect(await late.acquire()).toEqual(FREE);
      late.release();
      first.release();
      second.release();
      await Promise.all(answers);
      first.release();
      second.release();
      expect(readdirSync(temporary).filter((each) => !planted.includes(each))).toHaveLength(1);
    },
  );
});

it("any number of names in the directory for temporary files lets other things go on meanwhile", async () => {
  const temporary = mkdtempSync(join(root, "crowded-"));
  for (let i = 0; i < 2_000; i += 1)
    symlinkSync("/", join(temporary, `fargate-exec-${process.geteuid?.() ?? 0}-${i}`));
  const clock = new SleeplessClock();
  const turn = jest.spyOn(clock, "turn");
  const lock = lockOf(target(), { clock, places: [join(root, "no", "\0home")], temporary });
  expect(await lock.acquire()).toEqual(FREE);
  expect(turn.mock.calls.length).toBeGreaterThanOrEqual(8);
  lock.release();
});

it.each([
  ["at the first look", 1],
  ["at the second look", 4],
])("names of others without end are looked at for 5 s and no longer: %s", async (_, slowFrom) => {
  const temporary = mkdtempSync(join(root, "crowded-"));
  for (let i = 0; i < 1_500; i += 1) symlinkSync("/", join(temporary, `fargate-exec-0-${i}`));
  const planted = readdirSync(temporary).length;
  const clock = new SleeplessClock();
  const began = clock.now();
  let turns = 0;
  jest.spyOn(clock, "turn").mockImplementation(async () => {
    turns += 1;
    if (turns >= slowFrom) await clock.sleep(60_000);
  });
  const lock = lockOf(target(), { clock, places: [join(root, "no", "\0home")], temporary });
  expect(await lock.acquire()).toEqual({
    kind: "none",
    why: expect.stringMatching(
      /crowded-\w+ holds too many names to look at all of them within 5 s$/,
    ) as string,
  });
  expect(turns).toBe(slowFrom);
  expect(clock.now() - began).toBeLessThan(61_000);
  expect(readdirSync(temporary)).toHaveLength(planted);
});

it("a lock whose place was found late is still waited for", async () => {
  const [name, clock] = [target(), new SleeplessClock()];
  const lock = new MachineLock({
    ...{ sessionTarget: name, runner: RUNNER, clock },
    machineLock: async (id) => {
      await clock.sleep(60_000);
      return lockOnMachine(id, clock, { places });
    },
  });
  expect(await lock.acquire()).toEqual(FREE);
  lock.release();
});

it("a directory of this action that others may read keeps no lock from being had", async () => {
  const home = mkdtempSync(join(root, "home-"));
  mkdirSync(join(home, ".cache", "fargate-exec", "local-1.0.0"), { recursive: true, mode: 0o755 });
  const child = run(
    target(),
    `const inHome = (name, clock) => lockOnMachine(name, clock, { temporary: "/missing" });
     const own = new MachineLock({ sessionTarget: "ecs:c_t_r", runner: "", clock, machineLock: inHome });
     console.log((await own.acquire()).kind, fs.readdirSync(process.env.HOME + "/.cache/fargate-exec").join(" "));`,
    { env: { ...process.env, HOME: home } },
  );
  expect(await lineOf(child)).toBe("free local-1.0.0 locks");
});
