import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Failure } from "../../src/errors.ts";
import { programInputs } from "../../src/doors/program/inputs-source.ts";
import { readInputs } from "../../src/inputs/read-all.ts";
import type { RunInputs } from "../../src/doors/program/run-options.ts";
import { HANDLE_TEXT } from "./a-handle.ts";
import { type GivenInputs, least, newTask, read, refusal, source } from "./given.ts";

const files = {
  "/repo/list.txt": "a\r\n\nrun:id\n",
  "/temp/made.txt": "x\n",
  "/repo/twice": "a\nb\na\n",
  "/repo/empty": "\n",
  "/repo/latin": "x".repeat(1_048_577),
};

const list = (...items: readonly string[]) => ({ kind: "list", items });
const command = (text: string) => ({ kind: "command", command: text });

it.each<[string, string, object]>([
  ["lines", "a\nb\n", list("a", "b")],
  [
    "lines, of which a later one begins like a file",
    "a\nfile:list.txt\nrun:id",
    list("a", "file:list.txt", "run:id"),
  ],
  ["a file of the workspace", "file: ./list.txt\n", list("a", "run:id")],
  ["a file of the runner's directory for temporary files", "file:/temp/made.txt", list("x")],
  ["a command", "run:pytest -q | grep ::\n", command("pytest -q | grep ::\n")],
  ["a command of several lines", "\nrun:\ncd app\nls", command("\ncd app\nls")],
])("the items come by %s", (_, items, expected) => {
  expect(read({ ...least, items }, { files }).items).toEqual({ source: expected, batch: 1 });
});

it("without the inputs the script runs for no item", () => {
  expect(read(least).items).toBeUndefined();
  expect(read({ ...least, items: "", batch: "" }).items).toBeUndefined();
});

it.each(["1", "20", "500"])("a batch may have %s items", (batch) => {
  expect(read({ ...least, items: "a", batch }).items?.batch).toBe(Number(batch));
});

it.each<[string, GivenInputs, string, string]>([
  ["no line but empty ones", { items: "\n \n" }, "'items' must be one item at least", "an empty list"],
  ["a file without an item", { items: "file:empty" }, "'items' must be one item at least", "an empty list"],
  [
    "a file that is not there",
    { items: "file:gone" },
    "'items' must be a file that can be read",
    "'gone': ENOENT",
  ],
  [
    "a file elsewhere",
    { items: "file:../x" },
    "'items' must be a path inside the workspace or RUNNER_TEMP",
    "'../x'",
  ],
  ["no file", { items: "file:" }, "'items' must be a path inside the workspace or RUNNER_TEMP", "nothing"],
  ["several files", { items: "file:a\nfile:b" }, "'items' must be a file that can be read", "'a file:b'"],
  ["too large a file", { items: "file:latin" }, "'items' must be a list of at most 1 MiB", "1,048,577 bytes"],
  [
    "too large a text",
    { items: "x\n".repeat(65_537) },
    "'items' must be a list of at most 128 KiB",
    "131,074 bytes",
  ],
  [
    "an item twice",
    { items: "file:twice" },
    "'items' must be different items",
    "the same one in lines 1 and 3",
  ],
  ["a NUL byte", { items: "a\0" }, "'items' must be text", "a NUL byte in it"],
  ["no command", { items: "run: \n" }, "'items' must be a command behind run:", "none"],
  [
    ...(["too long a command", { items: `run:${"x".repeat(131_073)}` }] as const),
    ...(["'items' must be a command of at most 128 KiB behind run:", "131073 bytes"] as const),
  ],
  ["a glob beside an item", { items: "glob:*.py\na" }, "'items' must be globs alone", "'a' below a glob"],
  [
    "a batch of none",
    { items: "a", batch: "0" },
    "'batch' must be a whole number from 1 to 500, or auto",
    "'0'",
  ],
  [
    "too large a batch",
    { items: "a", batch: "501" },
    "'batch' must be a whole number from 1 to 500, or auto",
    "'501'",
  ],
  [
    "a batch that is no number",
    { items: "a", batch: "automatic" },
    "'batch' must be a whole number from 1 to 500, or auto",
    "'automatic'",
  ],
  ["a batch without items", { batch: "1" }, "'batch' must be left out without 'items'", "'1'"],
  [
    ...(["too long a batch", { items: `${"x".repeat(60_000)}\n${"y".repeat(60_000)}`, batch: "3" }] as const),
    ...(["'batch' must be so small", "3, and the 2 longest have 120,001 bytes"] as const),
  ],
  [
    ...(["an item with a secret", { items: "a\nb=hunter2", secrets: "TOKEN=hunter2" }] as const),
    ...(["'items' must be items without the value of a secret", "one in line 2"] as const),
  ],
  [
    "a share of the tasks",
    { items: "a", tasks: "3", "max-parallel": "2" },
    "'max-parallel' must be left out with 'items'",
    "'2'",
  ],
  [
    "a step that leaves the items of several tasks",
    { items: "a", detach: "true", tasks: "2" },
    "'detach' must be left out with 'tasks'",
    "'true'",
  ],
  [
    "a step that leaves, and can take no items back",
    { items: "run:ls", detach: "30m", "fail-fast": "true" },
    "'detach' must be left out with 'fail-fast'",
    "'30m'",
  ],
])("is refused before any call of AWS: %s", (_, given, failed, seen) => {
  const failure = refusal({ ...least, ...given }, { files });
  expect(failure.code).toBe("bad-input");
  expect(failure.failed).toContain(`Input ${failed}`);
  expect(failure.seen).toContain(`Got ${seen}`);
  expect(failure.message).not.toContain("hunter2");
  expect(failure.messageFor("program")).not.toMatch(/workflow|GitHub/);
});

it("'max-parallel' is refused once when there is one task, too", () => {
  expect(refusal({ ...least, items: "a", "max-parallel": "2" }).failed).toBe(
    "Input 'max-parallel' must be left out with 'items'.",
  );
});

it("all that is wrong is told at once, with the problems of other inputs", () => {
  const { seen } = refusal({ ...least, items: "file:twice", batch: "x", timeout: "1" }, { files });
  expect(seen).toMatch(/'batch' must be .*\n.*'items' must be different items.*\n.*'timeout' must be/s);
});

it.each<[string, GivenInputs]>([
  ["one task, and 'fail-fast'", { "fail-fast": "true" }],
  ["several tasks, and 'fail-fast'", { tasks: "3", "fail-fast": "true" }],
  ["a step that leaves no job", { detach: "false" }],
  ["a step that leaves its job", { detach: "true" }],
  ["'stdin'", { stdin: "text" }],
  ["'retry' and 'workers'", { retry: "infrastructure", workers: "auto" }],
  ["a lock", { lock: "shop", bucket: "example-ci" }],
  ["'deployment'", { deployment: "true" }],
  ["'check'", { check: "true", run: "" }],
])("stands beside %s", (_, given) => {
  expect(read({ ...least, items: "a", ...given }).items?.source).toEqual(list("a"));
});

it("stands beside new tasks", () => {
  expect(read({ ...newTask, tasks: "3", items: "a" }).items?.source).toEqual(list("a"));
});

it("a job that runs already has its own items", () => {
  const { seen } = refusal({ handle: HANDLE_TEXT, items: "a", batch: "2" });
  expect(seen).toContain("Input 'items' must be left out with 'handle'. Got 'a'.");
  expect(seen).toContain("Input 'batch' must be left out with 'handle'. Got '2'.");
});

it("a forward has none", () => {
  expect(refusal({ service: "web", region: "eu-west-1", forwards: "5432", items: "a" }).failed).toBe(
    "Input 'items' must be left out with 'forwards'.",
  );
});

it("variables and arguments leave room for the longest item", () => {
  const args = `${"y".repeat(131_000)}\n`.repeat(15);
  expect(read({ ...least, args }).args).toHaveLength(15);
  expect(refusal({ ...least, args, items: "a" }).failed).toMatch(
    /'args' must be .* at most 1,933,312 bytes together/,
  );
});

describe("in a program", () => {
  const root = mkdtempSync(join(tmpdir(), "items-"));
  afterAll(() => rmSync(root, { recursive: true }));
  beforeAll(() => {
    for (const name of ["b.py", "a.py", "run:id"]) writeFileSync(join(root, name), "");
  });

  const readItems = (items: RunInputs["items"]) =>
    readInputs(programInputs({ ...least, items }, { env: {}, directory: root })).items?.source;

  it("a text is that of the input", () => {
    expect(readItems("a\nb")).toEqual(list("a", "b"));
    expect(readItems("glob:*.py")).toEqual(list("a.py", "b.py"));
    expect(readItems("glob:*.py\nglob:run*")).toEqual(list("a.py", "b.py", "run:id"));
    expect(readItems("run:id")).toEqual(command("id"));
  });

  it("a list has items alone, whatever they begin with, up to 1 MiB", () => {
    expect(readItems(["run:id", "file:a.py", "glob:*"])).toEqual(list("run:id", "file:a.py", "glob:*"));
    expect(readItems([" a", "b\rc"])).toEqual(list(" a", "b\rc"));
    const long = Array.from({ length: 9_000 }, (_, i) => `${"x".repeat(100)}${i}`);
    expect(readItems(long)).toEqual(list(...long));
  });

  it.each<[string, RunInputs["items"]]>([
    ["list", []],
    ["text", ""],
    ["record", {}],
  ])("an empty %s is no list that was left out", (_, items) => {
    expect(() => readItems(items)).toThrow(
      /'items' must be one item at least.*\nGot an empty list\..*leave 'items' out to run the script once/s,
    );
    expect(readItems(undefined)).toBeUndefined();
  });

  it.each<[string, readonly string[], string]>([
    ["a line end in it", ["a", "b\nc"], "must be items of one line each. Got a line end in items[1]."],
    ["a line end behind it", ["a\r\n"], "must be items of one line each. Got a line end in items[0]."],
    ["a CR at its end", ["a", "b", "c\r"], "must be items of one line each. Got a line end in items[2]."],
    ["nothing in it", ["a", "", ""], "Got an empty one in items[1], items[2]."],
    ["blanks alone", [" \t", "a"], "Got an empty one in items[0]."],
    ["half a character", ["a", "b\ud83d"], "Got half of a surrogate pair in items[1]."],
    ["a text that stands there before", ["a", "b", "a"], "Got the same one in items[0] and items[2]."],
  ])("a list is refused before any call of AWS that has a text with %s", (_, items, words) => {
    expect(() => readItems(items)).toThrow(Failure);
    expect(() => readItems(items)).toThrow(words.replace(". Got", ".\nGot"));
  });

  it("bytes are a list of one item a line, whatever it begins with", () => {
    expect(readItems(Buffer.from("run:id\na\r\n\n"))).toEqual(list("run:id", "a"));
    expect(() => readItems(Buffer.from("a\n\na\n"))).toThrow("Got the same one in lines 1 and 3.");
  });
});

it("what stands in a file is never read as a command", () => {
  const given = { ...least, items: "file:list.txt" };
  expect(readInputs(source(given, { files: { "/repo/list.txt": "run:id\n" } })).items?.source).toEqual(
    list("run:id"),
  );
});
