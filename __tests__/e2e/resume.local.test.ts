import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Aws, type Inputs } from "../helpers/local.ts";
import {
  type CliEnd,
  type CliRequest,
  type InstalledPackage,
  installPackage,
  runCli,
} from "../helpers/npm-package.ts";

let aws: Aws;
let installed: InstalledPackage;
beforeAll(async () => {
  installed = installPackage();
  aws = await Aws.start();
});
afterAll(async () => {
  await aws.stop();
  installed.remove();
});

const SCRIPT = 'echo "runs $FARGATE_EXEC_ITEM"; [ "$FARGATE_EXEC_ITEM" != "$SLOW" ] || sleep 60';
const ran = ({ stdout }: Pick<CliEnd, "stdout">): string[] =>
  (stdout.toString().match(/^runs .*$/gm) ?? []).map((line) => line.slice("runs ".length)).toSorted();
const log = (): string => readFileSync(join(installed.folder, "items.log"), "utf8");

/** Runs items in a new task. The value of a secret does not count for what is run again, so it says which item takes long. */
const run = (slow: string, inputs: Inputs = {}, more: Partial<CliRequest> = {}): Promise<CliEnd> =>
  runCli(aws, installed, {
    inputs: { ...aws.newTask(), run: SCRIPT, items: "a\nb\nc\nd", secrets: "SLOW", ...inputs },
    words: ["--resume", "items.log"],
    env: { SLOW: slow },
    ...more,
  });

it("goes on where an interrupted run has ended, and runs nothing when nothing is left", async () => {
  let second: Promise<CliEnd> | undefined;
  const first = await run(
    "c",
    {},
    {
      onOutput: (output, child) => {
        if (second !== undefined || !ran(output).includes("c")) return;
        second = run("c");
        void second.then(() => child.kill("SIGINT"));
      },
    },
  );
  expect(first.exitCode).toBe(130);
  const refused = await second;
  expect([refused?.exitCode, refused?.stderr]).toEqual([
    125,
    expect.stringContaining("another process uses it."),
  ]);
  const ends = log()
    .split("\n")
    .flatMap((line) => /"item":"(.)".*"outcome":"(\w+)"/.exec(line)?.slice(1).join(" ") ?? []);
  expect(ends).toEqual(["a succeeded", "b succeeded", "c cancelled"]);

  const resumed = await run("none");
  expect(resumed.stderr).toContain(
    `2 of 4 items succeeded in run 1 of ${join(installed.folder, "items.log")}, and are not run again.`,
  );
  expect([resumed.exitCode, ran(resumed)]).toEqual([0, ["c", "d"]]);

  const again = await run("none");
  expect(again.stderr).toContain("4 of 4 items succeeded in earlier runs, and are not run again.");
  expect([again.exitCode, ran(again)]).toEqual([0, []]);
});

it("runs all items of another script, says why, and keeps what the file has", async () => {
  const before = log();
  const other = await run("none", { run: `${SCRIPT}; true` });
  expect(other.stderr).toContain(
    "All 4 items run: the runs in its file had another script, other items or other inputs.",
  );
  expect([other.exitCode, ran(other)]).toEqual([0, ["a", "b", "c", "d"]]);
  expect(log().startsWith(before)).toBe(true);
});

it("is refused before any call of AWS with a file of something else", async () => {
  const file = join(installed.folder, "package.json");
  const before = readFileSync(file, "utf8");
  const refused = await run("none", {}, { words: ["--resume", "package.json"] });
  expect([refused.exitCode, refused.stderr]).toEqual([
    125,
    expect.stringContaining("its line 1 is none that fargate-exec writes."),
  ]);
  expect(refused.stderr).not.toContain("Started task");
  expect(readFileSync(file, "utf8")).toBe(before);
});

it("runs all items when the files that are brought have changed, or artifacts were missing, and says why", async () => {
  const missing = { files: "brought.txt", artifacts: "nothing/*", "artifacts-missing": "error" };
  const words = ["--resume", "missing.log"];
  const brings = async (text: string): Promise<CliEnd> => {
    writeFileSync(join(installed.folder, "brought.txt"), text);
    return await run("none", missing, { words });
  };
  const all = ["a", "b", "c", "d"];
  const first = await brings("one");
  expect([first.exitCode === 0, ran(first)]).toEqual([false, all]);
  const second = await brings("one");
  expect(second.stderr).toContain(
    "All 4 items run: run 1 in its file failed by 'artifacts-missing', and not by the end of an item.",
  );
  expect(ran(second)).toEqual(all);
  const third = await brings("two");
  expect(third.stderr).toContain(
    "All 4 items run: the runs in its file had another script, other items or other inputs.",
  );
});
