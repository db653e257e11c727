import type { LocalFargate } from "../../local/start.ts";
import type { StepResult } from "../../local/runner/step.ts";
import { linesOfWorker, token } from "./step.ts";

export interface Expectation {
  readonly what: string;
  readonly holds: boolean;
}

/** What the demo must have shown, as checks. */
export function expectations(seen: {
  readonly result: StepResult;
  readonly stream: readonly string[];
  readonly local: LocalFargate;
}): readonly Expectation[] {
  const { result, stream, local } = seen;
  const { outputs } = result;
  const results = JSON.parse(outputs["results"] ?? "[]") as { exitCode: number }[];
  const lines = (outputs["stdout"] ?? "").split("\n");
  const ofWorker = (worker: number): number => lines.filter((line) => line.startsWith(`[${worker}] `)).length;
  const everything = [...result.log, result.summary, ...Object.values(outputs), ...stream].join("\n");
  const commands = local.requests.filter(({ operation }) => operation === "ExecuteCommand");
  return [
    {
      what: "'workers: auto' made one worker for each of the 4 vCPU; each has its own exit code: 0, 0, 3, 0",
      holds: results.map(({ exitCode }) => exitCode).join() === "0,0,3,0",
    },
    {
      what: "the step failed with the exit code of the first worker that failed, 3",
      holds:
        result.conclusion === "failure" && outputs["exit-code"] === "3" && outputs["outcome"] === "failed",
    },
    {
      what: "the other three ran to their end, and every line of theirs is in the output",
      holds: [0, 1, 3].every((worker) => ofWorker(worker) === linesOfWorker),
    },
    {
      what: "standard error is shown, and is not in 'stdout'",
      holds:
        result.log.includes("[2] the result store refuses quarter 2") &&
        !(outputs["stdout"] ?? "").includes("refuses"),
    },
    {
      what: "the secret is nowhere: not in the log, the outputs, the summary, the stream, the recorded command",
      holds: !everything.includes(token) && !JSON.stringify(commands).includes(token),
    },
    {
      what: "the stream holds the same output, and its first line leads back to the task and the run",
      holds:
        lines.every((line) => stream.includes(line)) &&
        stream.some((line) => line.includes(outputs["task-arn"] ?? "-") && line.includes("/actions/runs/")),
    },
    {
      what: "the staged script is gone from the bucket",
      holds: local.requests.some(({ operation }) => /^DELETE .*\/payload$/.test(operation)),
    },
    {
      what: "the task lives on, since 'keep-task' is 'on-failure': one could look into it now",
      holds: local.tasks.some(
        ({ arn, lastStatus }) => arn === outputs["task-arn"] && lastStatus === "RUNNING",
      ),
    },
  ];
}
