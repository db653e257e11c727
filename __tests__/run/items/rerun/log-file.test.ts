import {
  appendFileSync,
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Failure } from "../../../../src/errors.ts";
import { lockOnMachine } from "../../../../src/queue/machine-lock.ts";
import { LogFile } from "../../../../src/run/items/rerun/log-file.ts";
import { CarriedItems } from "../../../../src/run/items/rerun/carried-items.ts";
import type { Program } from "../../../../src/run/items/rerun/earlier-runs.ts";
import { anInputs } from "../../../helpers/runs.ts";
import { anItem } from "../../../report/example-items.ts";
import { Listener } from "../../../helpers/listener.ts";
import { SteppedClock } from "../../../helpers/stepped-clock.ts";

const PROGRAM = { definition: "arn:d:1", image: "sha256:1" };

let directory: string;
let path: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "item-log-"));
  path = join(directory, "items.log");
});
afterEach(() => rmSync(directory, { recursive: true }));

const log = new Listener();
const open = (at = path): Promise<LogFile> =>
  LogFile.open({
    ...{ path: at, workspace: directory, clock: new SteppedClock(), log },
    machineLock: (name, clock) => lockOnMachine(name, clock, { places: [join(directory, "l")] }),
  });
const refusal = async (at = path): Promise<Failure> => {
  const error: unknown = await open(at).then(
    async (file) => await file.close(),
    (thrown: unknown) => thrown,
  );
  if (error instanceof Failure) return error;
  throw new Error("the file was taken");
};

/** A run in which items with these ends end. */
async function run(key: string, ...ends: readonly string[]): Promise<void> {
  await runIn([PROGRAM], key, ...ends);
}

async function runIn(programs: readonly Program[], key: string, ...ends: readonly string[]): Promise<void> {
  const file = await open();
  await file.recall(key, 5);
  await file.begin([], ["a", "b", "c", "d", "e"]);
  for (const program of programs) file.ranIn(program);
  for (const [index, end] of ends.entries()) if (end !== "") file.note(anItem(end, index));
  await file.close();
}

const carriedBy = async (key: string): Promise<unknown> => {
  const file = await open();
  const { runs, why } = await file.recall(key, 5);
  await file.close();
  return (
    why ?? runs.map(({ number, ended }) => [number, [...ended].map(([index, one]) => [index, one?.run])])
  );
};

it("a file that does not exist is made, and each run appends what the next ones need", async () => {
  await run("key", "0", "1", "0");
  await run("other", "0");
  await run("key", "", "0");
  expect(await carriedBy("key")).toEqual([
    [
      1,
      [
        [0, 1],
        [1, undefined],
        [2, 1],
      ],
    ],
    [3, [[1, 3]]],
  ]);
});

it("each end is in the file at once", async () => {
  const file = await open();
  await file.recall("key", 5);
  await file.begin([], ["a"]);
  file.note(anItem("3", 0));
  expect(readFileSync(path, "utf8").split("\n").at(-2)).toBe(
    '{"item":"tests/0.py","index":0,"exitCode":3,"outcome":"failed","seconds":1,"attempts":1,"task":0,"worker":0}',
  );
  await file.close();
});

it("another key is a reason to run all, and what the file has stays", async () => {
  await run("key", "0");
  const before = readFileSync(path, "utf8");
  expect(await carriedBy("other")).toBe(
    "the runs in its file had another script, other items or other inputs",
  );
  await run("other", "0");
  expect(readFileSync(path, "utf8").startsWith(before)).toBe(true);
});

/** Which items are not run again in this program. */
const notRunAgain = async (): Promise<readonly number[]> => {
  const memory = await open();
  const carried = new CarriedItems({ memory, inputs: anInputs(), keyOf: () => "key", log });
  const list = ["a", "b", "c", "d", "e"];
  await carried.recall(list);
  const results = await carried.begin(list, PROGRAM);
  await carried.close();
  return [...results.keys()];
};

it.each([
  ["is not known", []],
  ["is not one", [PROGRAM, { ...PROGRAM, image: "sha256:2" }]],
])("an item that has failed in a run whose image %s is run again", async (_, programs) => {
  await run("key", "0", "0");
  await runIn(programs, "key", "1", "", "0");
  expect(await notRunAgain()).toEqual([1]);
});

it("nothing is trusted of a run that failed by something else than its items, nor of those before", async () => {
  await run("key", "0", "1");
  const failing = await open();
  await failing.recall("key", 5);
  await failing.begin([], ["a", "b", "c", "d", "e"]);
  failing.ranIn(PROGRAM);
  failing.note(anItem("0", 1));
  await failing.close("artifacts-missing");
  expect(await carriedBy("key")).toBe(
    "run 2 in its file failed by 'artifacts-missing', and not by the end of an item",
  );
  await run("key", "", "", "0");
  expect(await notRunAgain()).toEqual([2]);
});

describe("a file that takes no more", () => {
  const warnings = (): string[] => log.lines.filter((line) => line.startsWith("warning: "));
  /** Puts another descriptor of the file in place of the one that is open: each write to one for reading fails. */
  const reopenFor = (flags: "r" | "a+"): void => {
    const own = readdirSync("/proc/self/fd").find((fd) => {
      try {
        return readlinkSync(`/proc/self/fd/${fd}`) === path;
      } catch {
        return false; // that of the listing itself
      }
    });
    closeSync(Number(own));
    expect(openSync(path, flags)).toBe(Number(own));
  };
  beforeEach(() => log.lines.splice(0));

  it("lets no item run when it has earlier runs, which would count for the next one", async () => {
    await run("key", "0");
    const file = await open();
    await file.recall("key", 5);
    reopenFor("r");
    await expect(file.begin([], ["a"])).rejects.toMatchObject({
      code: "bad-input",
      seen: expect.stringContaining("EBADF: bad file descriptor, write.") as string,
    });
    await file.close();
    expect(warnings()).toEqual([]);
  });

  it("is one warning when it has none, and takes no end without the head of its run", async () => {
    const file = await open();
    await file.recall("key", 5);
    reopenFor("r");
    await file.begin([], ["a"]);
    reopenFor("a+");
    file.note(anItem("0", 0));
    await file.close();
    expect(warnings()).toEqual([expect.stringContaining("so more items run when it is resumed")]);
    expect(readFileSync(path, "utf8")).toBe("");
  });

  it("is a warning of what is not run again when it can't say by what the run has failed", async () => {
    const file = await open();
    await file.recall("key", 5);
    await file.begin([], ["a"]);
    reopenFor("r");
    await file.close("artifacts-missing");
    expect(warnings()).toEqual([
      expect.stringContaining("items that have succeeded by it are not run again when it is resumed"),
    ]);
  });
});

it("half a line at the end, of a process that was killed, is removed", async () => {
  await run("key", "0");
  const before = readFileSync(path, "utf8");
  appendFileSync(path, '{"item":"b","index":1,"exi');
  expect(await carriedBy("key")).toEqual([[1, [[0, 1]]]]);
  expect(readFileSync(path, "utf8")).toBe(before);
});

it.each([
  ["is no log", "some text\n", "its line 1 is none that fargate-exec writes."],
  ["is no log and has no line end", "some text", "its line 1 is none that fargate-exec writes."],
])("a file that %s is refused, and stays as it is", async (_, text, seen) => {
  writeFileSync(path, text);
  const failure = await refusal();
  expect([failure.code, failure.seen]).toEqual(["bad-input", seen]);
  expect(readFileSync(path, "utf8")).toBe(text);
});

it("a directory, and a file in a directory that does not exist, are refused", async () => {
  expect((await refusal(directory)).failed).toBe(`The file of '--resume' can't be used: ${directory}.`);
  expect((await refusal(join(directory, "none", "x"))).seen).toContain("ENOENT");
});

it("a link of the checkout that leads out of it is not followed", async () => {
  const outside = mkdtempSync(join(tmpdir(), "outside-"));
  symlinkSync(join(outside, "x"), path);
  expect((await refusal()).code).toBe("bad-input");
  expect(existsSync(join(outside, "x"))).toBe(false);
  rmSync(outside, { recursive: true });
});

it("a file that another process uses is refused, by whatever name", async () => {
  const file = await open();
  expect((await refusal()).seen).toBe("another process uses it.");
  await file.close();
  await (await open()).close();
});
