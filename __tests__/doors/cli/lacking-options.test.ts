import { COPY_INPUTS } from "../../../src/doors/cli/copy-command.ts";
import { FORWARD_INPUTS } from "../../../src/doors/cli/forward-command.ts";
import { SHELL_INPUTS } from "../../../src/doors/cli/shell-command.ts";
import {
  ATTACH_INPUTS,
  CHECK_INPUTS,
  LOGS_INPUTS,
  messageWithOptions,
} from "../../../src/doors/cli/lacking-options.ts";
import { Failure } from "../../../src/errors.ts";
import { type InputName, inputNames } from "../../../src/inputs/names.ts";
import { badInput, badInputs } from "../../../src/inputs/refusals.ts";
import { check } from "../../../src/ready/checks/check.ts";
import { explain } from "../../../src/report/explain.ts";
import { checkResult } from "../../../src/report/result.ts";
import { noRunningTask } from "../../../src/targets/failures.ts";

const NONE = noRunningTask("web", "prod", "It has 0.");

/** A failure as the command that has these inputs tells it. */
function told(failure: Failure, names: readonly InputName[] = inputNames, help?: string): string {
  return messageWithOptions(failure.messageParts("program"), { names, help });
}

function failureOf(failed: string, seen: string, advice: string): Failure {
  return new Failure("aws-error", { failed, seen, advice });
}

it.each([
  ["cp", COPY_INPUTS],
  ["attach", ATTACH_INPUTS],
  ["logs", LOGS_INPUTS],
])(
  "'%s' advises no option that it lacks when a service has no task, and still says what to do",
  (_, names) => {
    const [failed, seen, advice] = told(NONE, names).split("\n");
    expect([failed, seen]).toEqual(NONE.messageFor("program").split("\n").slice(0, 2));
    expect(advice).toBe("Look at the service's events and its desired count.");
  },
);

it.each([
  ["run", inputNames],
  ["check", CHECK_INPUTS],
  ["forward", FORWARD_INPUTS],
  ["shell", SHELL_INPUTS],
])("'%s', which has the option, advises it", (_, names) => {
  expect(told(NONE, names)).toContain("--start");
  expect(NONE.messageFor("program")).toContain("'start: true'");
});

it("advice that has nothing else says which command has the option", () => {
  const advice = "Set 'hold: false', or name another container in 'container'.";
  expect(told(failureOf("It failed.", "It was seen.", advice), COPY_INPUTS)).toBe(
    "It failed.\nIt was seen.\nSet --hold false, or name another container in --container. Only 'fargate-exec run' has --hold.",
  );
});

it("the help that describes an option is that of the command, where it has the option", () => {
  const failure = badInputs([badInput("task", "given", "none"), badInput("run", "given", "none")]);
  const shown = told(failure, SHELL_INPUTS, "shell --help");
  expect(shown).toContain("'fargate-exec shell --help' describes --task.");
  expect(shown).toContain("'fargate-exec run --help --all' describes --run.");
  expect(told(failure)).toContain("'fargate-exec run --help --all' describes --task.");
});

it("what failed and what was seen stay, whatever they name", () => {
  const failure = failureOf("The image 'image' is wrong.", "It names 'start: true'.\nAnd 'tasks'.", "Wait.");
  expect(told(failure, COPY_INPUTS)).toBe(failure.messageFor("program"));
});

it.each([
  ["Set 'start: true' beside 'service', or 'hold: false'.", "Set --start beside --service, or --hold false."],
  ["Give 'subnets', and 'iam:PassRole' in 'web'.", "Give --subnets, and 'iam:PassRole' in 'web'."],
  [
    "Run 'aws ecs update-service --service task' first.",
    "Run 'aws ecs update-service --service task' first.",
  ],
])("advice names options instead of inputs: %s", (advice, shown) => {
  expect(told(failureOf("A.", "B.", advice))).toBe(`A.\nB.\n${shown}`);
});

it("what a wrong input must be names options alone", () => {
  const failure = failureOf(
    "Input 'task' must be the only one of 'task' and 'service'.",
    "Got 'task' and 'service'.",
    "Keep one.",
  );
  expect(told(failure)).toBe(
    "--task must be the only one of --task and --service.\nGot 'task' and 'service'.\nKeep one.",
  );
});

it("in what failed only what is called an input becomes an option, as other words may be names", () => {
  const failure = failureOf("Input 'tasks' must be a number.", "The service 'image' has none.", "Wait.");
  expect(told(failure)).toBe("--tasks must be a number.\nThe service 'image' has none.\nWait.");
});

it("each of several wrong inputs names options, and keeps what was given", () => {
  const problems = [
    badInput("tasks", "a number or 'all'", "'image'", "Leave 'tasks' out."),
    badInput("task", "the only one of 'task' and 'service'", "'stdin' and 'files'", "Keep\n'task'."),
  ];
  expect(told(badInputs(problems))).toBe(
    [
      "2 things are wrong with the inputs.",
      "- --tasks must be a number or 'all'. Got 'image'. Leave --tasks out.",
      "- --task must be the only one of --task and --service. Got 'stdin' and 'files'. Keep",
      "  --task.",
      "Correct them all, and run it again; nothing has been started.",
    ].join("\n"),
  );
});

it("each row of a failed check names options in its advice, and keeps the names in what was seen", () => {
  const rows = [
    check("task role", false, "it may not read bucket 'files'", "Set 'task-role'."),
    check("bucket", false, "there is no bucket 'artifacts'", "Check 'bucket' and 'region'."),
  ];
  const step = { page: "errors.md", timeout: undefined, scriptFile: undefined };
  const { message = "", parts = [] } = explain(checkResult(rows), { ...step, reader: "program" }) ?? {};
  expect(parts.map(({ text }) => text).join("")).toBe(message);
  expect(messageWithOptions(parts, { names: CHECK_INPUTS, help: undefined })).toBe(
    [
      "2 of 2 checks are NG. No script was run.",
      "task role: it may not read bucket 'files'",
      "Set --task-role.",
      "bucket: there is no bucket 'artifacts'",
      "Check --bucket and --region.",
    ].join("\n"),
  );
});
