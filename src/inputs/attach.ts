import { artifactBytes, MOST_ARTIFACT_BYTES, parseHandle, type JobHandle } from "./handle.ts";
import { DEFAULT_TIMEOUT_MS, type Inputs, type TaskSelection } from "./inputs.ts";
import type { InputReader } from "./input-reader.ts";
import { hasItems } from "./items.ts";
import { attachInputNames, type InputName, inputNames } from "./names.ts";
import { duration, type ParseResult, quoteValue } from "./parse.ts";

/**
 * The handle; undefined when there is none, which is noted as a problem. No message repeats the handle, because it holds keys. Refuses the inputs
 * that describe a job which is to be started. A program has a default for `matrix`.
 */
export function readHandle(reader: InputReader): JobHandle | undefined {
  const known: readonly InputName[] = [...attachInputNames, "matrix"];
  for (const name of inputNames) {
    if (known.includes(name) || !reader.isGiven(name)) continue;
    reader.refuse(
      name,
      "left out with 'handle'",
      name === "secrets" ? "a value" : quoteValue(reader.text(name)),
      ONLY_FOLLOWS,
    );
  }
  if (!reader.isGiven("handle")) reader.refuse("handle", HANDLE_IS, "nothing", HOW_TO_PASS);
  const handle = reader.optional("handle", parsedHandle);
  const region = reader.text("region");
  if (handle !== undefined && region !== "" && region !== regionOf(handle))
    reader.refuse(
      "region",
      `that of the job, ${regionOf(handle)}, or left out with 'handle'`,
      quoteValue(region),
      ONLY_FOLLOWS,
    );
  return handle;
}

const ONLY_FOLLOWS = "The handle names the job, with its cluster, container and bucket: it is only followed.";

const HANDLE_IS = "the output 'handle' of a run that has detached from its job";
const HOW_TO_PASS = {
  workflow:
    "Pass the output on as a whole: `handle: ${{ steps.ID.outputs.handle }}`, or as an output of the job. It is empty when the job has ended in its own step.",
  program: "Pass the output on as a whole, or the file of '--outputs-file' by '-' on standard input.",
};

function parsedHandle(text: string): ParseResult<JobHandle> {
  const answer = parseHandle(text);
  return typeof answer === "string"
    ? { must: HANDLE_IS, got: answer, advice: HOW_TO_PASS }
    : { value: answer };
}

export function regionOf({ cluster }: JobHandle): string {
  return cluster.split(":")[3] ?? "";
}

type FollowerInputs = Pick<Inputs, "roleToAssume" | "detach" | "artifacts" | "itemFiles" | "summary">;

/** The inputs of a step that follows the job of this handle. What belongs to the job comes from the handle, or is left unset. */
export function attachedInputs(handle: JobHandle, follower: FollowerInputs): Inputs {
  const { cluster, container, workers, staging } = handle;
  return {
    ...follower,
    ...{ cluster, container, workers },
    where: { kind: "handle", handle },
    script: { kind: "none" },
    region: regionOf(handle),
    check: false,
    startTimeout: 600_000,
    ...{ timeout: DEFAULT_TIMEOUT_MS, queueTimeout: DEFAULT_TIMEOUT_MS, matrix: undefined },
    ...{ shell: undefined, args: [], workingDirectory: undefined, user: undefined, env: {}, secrets: {} },
    ...{ lock: undefined, retry: undefined },
    ...{ maxParallel: undefined, failFast: false, deployment: undefined },
    ...{ protect: false, logToContainer: false, stdin: undefined, files: undefined, stderr: "apart" },
    ...{ bucket: staging?.bucket, prefix: staging?.prefix ?? "", bucketOwner: staging?.bucketOwner },
    kmsKeyId: staging?.kmsKeyId,
    ...{ logs: "auto", reports: undefined, workflowCommands: false },
  };
}

/** After how many milliseconds the step detaches from the job: `true` is 0; `false`, the default, is never. */
export function detach(text: string): ParseResult<number | undefined> {
  if (text === "true") return { value: 0 };
  if (text === "false") return { value: undefined };
  const answer = duration(text);
  return "value" in answer ? answer : { ...answer, must: `true or false, or ${answer.must}` };
}

/** Refuses `detach` together with an input that needs the job's end. */
export function checkDetach(
  reader: InputReader,
  inputs: Pick<
    Inputs,
    "detach" | "lock" | "retry" | "rerun" | "deployment" | "logs" | "timeout" | "artifacts" | "failFast"
  >,
  where: TaskSelection | undefined,
): void {
  const { detach, lock, retry, rerun, deployment, logs, timeout, artifacts, failFast } = inputs;
  if (detach === undefined) return;
  const isSeveral = (where?.kind === "service" || where?.kind === "new") && where.tasks !== 1;
  const readsLog = logs === "cloudwatch" || logs === "s3";
  const others: readonly (readonly [isGiven: boolean, other: string, advice: string])[] = [
    [isSeveral, "tasks", "A handle names one job: run one for each task."],
    [
      failFast && hasItems(reader),
      "fail-fast",
      "A step that has left takes no items back: leave 'detach' out, or 'fail-fast'.",
    ],
    [
      lock !== undefined,
      "lock",
      "The holder of the lock follows its job to the end: leave 'detach' out, or 'lock'.",
    ],
    [
      retry !== undefined || rerun === true,
      "retry",
      "Whether the script runs again is known at its end: leave 'detach' out, or 'retry'.",
    ],
    [
      deployment !== undefined,
      "deployment",
      "The deployment is told what the script's end means: leave 'detach' out, or 'deployment'.",
    ],
    [readsLog, `logs: ${logs}`, "That log is read when the job has ended: leave 'logs' out, or 'detach'."],
  ];
  const given = quoteValue(reader.text("detach"));
  for (const [isGiven, other, advice] of others)
    if (isGiven) reader.refuse("detach", `left out with '${other}'`, given, advice);
  checkHandleSize(reader, artifacts);
  if (detach >= timeout)
    reader.refuse(
      "detach",
      "shorter than 'timeout', which ends the job",
      given,
      "Give the job a longer 'timeout', or leave 'detach' out.",
    );
}

function checkHandleSize(reader: InputReader, artifacts: Inputs["artifacts"]): void {
  const bytes = artifacts === undefined ? 0 : artifactBytes(artifacts.globs);
  if (bytes <= MOST_ARTIFACT_BYTES) return;
  reader.refuse(
    "artifacts",
    `lines of ${MOST_ARTIFACT_BYTES} bytes at most with 'detach', since the handle has them`,
    `${bytes} bytes`,
    "Name directories instead of files, or leave 'detach' out.",
  );
}
