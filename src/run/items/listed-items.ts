import type { Failure } from "../../errors.ts";
import type { Inputs } from "../../inputs/inputs.ts";
import { LARGEST_LIST, readItemList } from "../../inputs/item-list.ts";
import { badInput, badInputs } from "../../inputs/refusals.ts";
import { failedResult, type TaskResult } from "../../report/result.ts";

/** The inputs of the job that runs the command of the input `items`. */
export function listingInputs(inputs: Inputs, command: string): Inputs {
  return {
    ...inputs,
    script: { kind: "run", text: listingScript(command) },
    ...{ shell: undefined, args: [], stdin: undefined, workers: 1, items: undefined, stderr: "apart" },
    ...{ artifacts: undefined, itemFiles: undefined, reports: undefined, retry: undefined },
    // The list has to be whole before the script runs.
    ...{ detach: undefined, workflowCommands: false },
  };
}

/**
 * The script that runs the command, for `sh`, and ends with its exit code. `head` takes one byte more than a list may have. A command that goes on printing
 * then gets SIGPIPE, and its exit code is 141. Descriptor 4 is the script's standard output, and 3 brings the exit code, since `sh` knows only that of
 * the last program in a pipeline.
 */
function listingScript(command: string): string {
  const most = LARGEST_LIST + 1;
  return `set +e
{ code=$({ { (set -e
${command}
) 3>&- 4>&-; echo $? >&3; } | head -c ${most} >&4; } 3>&1); } 4>&1
exit "\${code:-1}"
`;
}

/** The refusal of a list with this text in it, which names the first line that has it; none without. */
function refuse(list: string, part: string, must: string, got: string): readonly Failure[] {
  const line = list.split("\n").findIndex((each) => each.includes(part)) + 1;
  return line === 0 ? [] : [badInput("items", must, `${got} in line ${line} of what 'run:' has printed`)];
}

/** The items that the command has printed; the step's result when it has failed, or has printed no list. */
export function listedItems(result: TaskResult, { items, secrets }: Inputs): readonly string[] | TaskResult {
  if (result.kind === "status" && result.task.cut.includes("stdout"))
    return failedResult(badInput("items", "a command that prints at most 1 MiB", "more"), result.task);
  if (result.kind === "status" && result.outcome !== "succeeded") return { ...result, isListing: true };
  if (result.outcome !== "succeeded" || result.task === undefined) return result;
  const { stdout } = result.task;
  const rules = { batch: items?.batch ?? 1, secrets, most: LARGEST_LIST };
  const list = readItemList(Buffer.from(stdout), rules);
  const problems = [
    ...("problems" in list ? list.problems : []).map(({ input, must, got, advice }) =>
      badInput(input, must, got, advice),
    ),
    // What is printed is redacted before it comes.
    ...(Object.keys(secrets).length > 0
      ? refuse(stdout, "***", "items without the value of a secret, which is printed as ***", "***")
      : []),
    ...refuse(stdout, "\ufffd", "a list in UTF-8", "other bytes"),
  ];
  if ("items" in list && problems.length === 0) return list.items;
  const [only, ...more] = problems;
  const failure = only === undefined || more.length > 0 ? badInputs(problems) : only;
  return failedResult(failure, result.task);
}
