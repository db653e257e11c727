import { spawnSync } from "node:child_process";
import { Failure } from "../../../src/errors.ts";
import {
  failedResult,
  NO_OUTPUT,
  statusResult,
  type TaskFacts,
  type TaskResult,
} from "../../../src/report/result.ts";
import { listedItems, listingInputs } from "../../../src/run/items/listed-items.ts";
import { explain } from "../../../src/report/explain.ts";
import { aStep } from "../../report/example-results.ts";
import { anInputs, aTarget } from "../../helpers/runs.ts";
import { SHELLS } from "../../helpers/shells.ts";

const INPUTS = anInputs({
  items: { source: { kind: "command", command: "ls" }, batch: 2 },
  secrets: { TOKEN: "example-value" },
  ...{ workers: 3, args: ["-v"], shell: "bash {0}", reports: ["*.xml"] },
});

function listing(stdout: string, more: Partial<TaskFacts> & { exitCode?: number } = {}): TaskResult {
  const { exitCode = 0, ...facts } = more;
  const task: TaskFacts = {
    ...NO_OUTPUT,
    ...{ target: aTarget(), publicIp: undefined, sessionId: "s", log: undefined, described: undefined },
    ...{ times: undefined, startedAt: undefined, stdout, ...facts },
  };
  const worker = { worker: 0, exitCode, seconds: 1 };
  return statusResult({ kind: "ended", reason: "exited", workers: [{ ...worker, stopped: false }] }, task);
}

it("the job that lists the items runs the command alone, once, and nothing of the script's inputs", () => {
  expect(listingInputs(INPUTS, "ls")).toMatchObject({
    script: { kind: "run", text: expect.stringContaining("\nls\n") as string },
    ...{ workers: 1, args: [], shell: undefined, items: undefined, reports: undefined, retry: undefined },
    secrets: INPUTS.secrets,
  });
});

/** What the script of the list prints and ends with. */
function runList(
  shell: string,
  command: string,
): { readonly stdout: string; readonly status: number | null } {
  const { script } = listingInputs(INPUTS, command);
  if (script.kind !== "run") throw new Error("no text");
  const [program = "sh", ...words] = shell.split(" ");
  const { stdout, status } = spawnSync(program, [...words, "-e", "-c", script.text], { maxBuffer: 1 << 22 });
  return { stdout: stdout.toString(), status };
}

describe.each(SHELLS)("the command of the list, in %s,", (shell) => {
  it.each<[string, string, string, number]>([
    ["has its output and its exit code", "echo a; echo b >&2; printf c; exit 3", "a\nc", 3],
    ["ends at a command that fails, as in a script", "echo a; false; echo b", "a\n", 1],
    [
      "may end in a comment, or have a case and a here-document",
      "case a in a) cat <<E\nx\nE\n;; esac # )",
      "x\n",
      0,
    ],
    ["may kill its shell", "echo a; kill -9 $(sh -c 'echo $PPID')", "a\n", 137],
  ])("%s", (_, command, stdout, status) => {
    expect(runList(shell, command)).toEqual({ stdout, status });
  });

  it("ends soon when it never stops printing, and what it has printed is more than a list may have", () => {
    const { stdout, status } = runList(shell, "while :; do echo a line of a list that never ends; done");
    expect([stdout.length, status]).toEqual([1024 * 1024 + 1, 141]);
  });
});

it("the job that lists the items is followed to its end, also by a step that leaves its script", () => {
  expect(listingInputs({ ...INPUTS, detach: 0 }, "ls").detach).toBeUndefined();
});

it("each line that the command has printed is an item", () => {
  expect(listedItems(listing("a\r\n\nb c\n"), INPUTS)).toEqual(["a", "b c"]);
});

it.each<[string, TaskResult, string]>([
  ["prints nothing", listing("\n \n"), "Got an empty list."],
  ["prints a line twice", listing("a\nb\na"), "1 and 3"],
  ["prints a secret, which is redacted", listing("a\n***"), "line 2"],
  ["prints no UTF-8", listing("a\nb\nc\ufffdd"), "line 3"],
  ["prints more than is kept", listing("a", { cut: ["stdout"] }), "Got more."],
  ["is ended, since it goes on printing", listing("a", { cut: ["stdout"], exitCode: 141 }), "Got more."],
])("a command that %s gives no list, and the step has not begun", (_, listed, seen) => {
  const result = listedItems(listed, INPUTS);
  if (!("outcome" in result) || result.kind !== "failed") throw new Error("a list");
  expect([result.outcome, result.failure.code]).toEqual(["not-started", "bad-input"]);
  expect(`${result.failure.failed} ${result.failure.seen}`).toContain(seen);
});

it.each([
  listing("a", { exitCode: 7 }),
  failedResult(new Failure("session-lost", { failed: "", seen: "", advice: "" })),
])("a command that fails is the step's result", (result) => {
  expect(listedItems(result, INPUTS)).toMatchObject(result);
});

it("a command that fails is not named a script, and no line of the script's file is blamed for it", () => {
  const stderr = new Map([[0, "/tmp/fargate-exec-0123456789abcdef0123/script: 3: [[: not found\n"]]);
  const result = listedItems(listing("a", { exitCode: 127, stderr, allStderr: stderr.get(0) ?? "" }), INPUTS);
  const end = "outcome" in result ? explain(result, aStep) : undefined;
  expect(end).toMatchObject({
    message: "The command of 'items' failed. Exit code 127: a command was not found in the image.",
    place: undefined,
  });
});
