import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Failure } from "../../../../src/errors.ts";
import { lockOnMachine } from "../../../../src/queue/machine-lock.ts";
import { LogFile } from "../../../../src/run/items/rerun/log-file.ts";
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
  const file = await open();
  await file.recall(key, 5);
  await file.begin([], ["a", "b", "c", "d", "e"]);
  file.ranIn(PROGRAM);
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
