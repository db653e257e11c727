import { COPY_INPUTS } from "../../../src/doors/cli/copy-command.ts";
import { FORWARD_INPUTS } from "../../../src/doors/cli/forward-command.ts";
import { SHELL_INPUTS } from "../../../src/doors/cli/shell-command.ts";
import {
  ATTACH_INPUTS,
  CHECK_INPUTS,
  LOGS_INPUTS,
  withHelpOf,
  withOptions,
  withoutLacking,
} from "../../../src/doors/cli/lacking-options.ts";
import { inputNames } from "../../../src/inputs/names.ts";
import { badInput, badInputs } from "../../../src/inputs/refusals.ts";
import { noRunningTask } from "../../../src/targets/failures.ts";

const NONE = noRunningTask("web", "prod", "It has 0.").messageFor("program");

it.each([
  ["cp", COPY_INPUTS],
  ["attach", ATTACH_INPUTS],
  ["logs", LOGS_INPUTS],
])(
  "'%s' advises no option that it lacks when a service has no task, and still says what to do",
  (_, names) => {
    const [failed, seen, advice] = withoutLacking(NONE, names).split("\n");
    expect([failed, seen]).toEqual(NONE.split("\n").slice(0, 2));
    expect(advice).toBe("Look at the service's events and its desired count.");
  },
);

it.each([
  ["run", inputNames],
  ["check", CHECK_INPUTS],
  ["forward", FORWARD_INPUTS],
  ["shell", SHELL_INPUTS],
])("'%s', which has the option, advises it", (_, names) => {
  expect(withoutLacking(NONE, names)).toBe(NONE);
  expect(NONE).toContain("'start: true'");
});

it("advice that has nothing else says which command has the option", () => {
  const message = "It failed.\nIt was seen.\nSet 'hold: false', or name another container in 'container'.";
  expect(withoutLacking(message, COPY_INPUTS)).toBe(`${message} Only 'fargate-exec run' has --hold.`);
});

it("the help that describes an option is that of the command, where it has the option", () => {
  const { seen } = badInputs([badInput("task", "given", "none"), badInput("run", "given", "none")]).partsFor(
    "program",
  );
  const shown = withHelpOf(seen, { names: SHELL_INPUTS, help: "shell --help" });
  expect(shown).toContain("'fargate-exec shell --help' describes 'task'.");
  expect(shown).toContain("'fargate-exec run --help --all' describes 'run'.");
  expect(withHelpOf(seen, { names: inputNames, help: undefined })).toBe(seen);
});

it("what failed and what was seen stay, whatever they name", () => {
  const message = "Input 'image' is wrong.\nIt names 'start: true'.\nSet 'timeout'.";
  expect(withoutLacking(message, COPY_INPUTS)).toBe(message);
});

it.each([
  ["Set 'start: true' beside 'service', or 'hold: false'.", "Set --start beside --service, or --hold false."],
  ["Give 'subnets', and 'iam:PassRole' in 'web'.", "Give --subnets, and 'iam:PassRole' in 'web'."],
  [
    "Run 'aws ecs update-service --service task' first.",
    "Run 'aws ecs update-service --service task' first.",
  ],
])("advice names options instead of inputs: %s", (advice, shown) => {
  expect(withOptions(`A.\nB.\n${advice}`)).toBe(`A.\nB.\n${shown}`);
});

it("what a wrong input must be names options alone", () => {
  expect(
    withOptions(
      "Input 'task' must be the only one of 'task' and 'service'.\nGot 'task' and 'service'.\nKeep one.",
    ),
  ).toBe("--task must be the only one of --task and --service.\nGot 'task' and 'service'.\nKeep one.");
});

it("in what failed only what is called an input becomes an option, as other words may be names", () => {
  expect(withOptions("Input 'tasks' must be a number.\nThe service 'image' has none.\nWait.")).toBe(
    "--tasks must be a number.\nThe service 'image' has none.\nWait.",
  );
});
