import { partitionOf } from "../aws/partitions.ts";
import { badInput, noRegion } from "./refusals.ts";
import { DEFAULT_TIMEOUT_MS, type Inputs, type TaskSelection } from "./inputs.ts";
import { INPUTS_OF } from "./names.ts";
import { boolean, count, duration, matching, oneOf, type ParseResult, quoteValue } from "./parse.ts";
import { readArtifactOptions, readArtifacts } from "./artifacts.ts";
import { fileSelections } from "./files.ts";
import { forwardSource, readForwards } from "./forwards.ts";
import { InputReader } from "./input-reader.ts";
import { readItemLog } from "./item-log.ts";
import { hasItems, readItems } from "./items.ts";
import { matrixJob } from "./matrix.ts";
import { readReportGlobs } from "./reports.ts";
import { readRetry } from "./retry.ts";
import { readScript, shellTemplate } from "./script.ts";
import type { InputSource } from "./source.ts";
import { readStdin } from "./stdin.ts";
import { readLock, readStaging } from "./staging.ts";
import { args, findExcess } from "./variable-size.ts";
import { variables } from "./variables.ts";
import { attachedInputs, checkDetach, detach, readHandle, regionOf } from "./attach.ts";
import { checkDeployment, readDeployment } from "./deployment.ts";
import { cluster, container, readTaskSelection, readParallelJobs } from "./where.ts";

const minute = 60_000;

/**
 * Reads and checks every input of the step. Throws one `Failure` that lists all problems: code `bad-input`, or
 * `no-region` when only the region is missing. Calls nothing of AWS.
 */
export function readInputs(source: InputSource): Inputs {
  const reader = new InputReader(source.door === "forward" ? forwardSource(source) : source);
  refuseNul(reader);
  return source.door === "attach" ? readAttachment(reader) : readJob(reader);
}

/** The inputs of a step that follows a job which runs already. */
function readAttachment(reader: InputReader): Inputs {
  const handle = readHandle(reader);
  const region = handle === undefined ? undefined : regionOf(handle);
  const roleToAssume = reader.optional("role-to-assume", roleArn);
  checkPartition(reader, roleToAssume, region);
  const artifactOptions = readArtifactOptions(reader);
  const rest = {
    ...{ roleToAssume, detach: reader.optional("detach", detach) },
    artifacts: handle?.artifacts && { globs: handle.artifacts, ...artifactOptions },
    itemFiles: handle?.items === undefined ? undefined : artifactOptions,
    summary: reader.orElse("summary", boolean, true),
  };
  reader.check();
  if (handle === undefined) throw new Error("the handle is wrong, and no problem was noted");
  return attachedInputs(handle, rest);
}

function readJob(reader: InputReader): Inputs {
  const where = readTaskSelection(reader);
  const check = reader.orElse("check", boolean, false);
  const script = readScript(reader, { required: !check });
  const region = readRegion(reader);
  const queueTimeout = reader.optional("queue-timeout", duration);
  const secrets = readVariables(reader, "secrets");
  const artifactOptions = readArtifactOptions(reader);
  const rest: Omit<Inputs, "where" | "script" | "region" | "queueTimeout"> = {
    ...{ check, forwards: readForwards(reader) },
    cluster: reader.orElse("cluster", cluster, "default"),
    roleToAssume: reader.optional("role-to-assume", roleArn),
    ...{ deployment: readDeployment(reader), container: reader.optional("container", container) },
    protect: readProtect(reader, where),
    startTimeout: reader.orElse("start-timeout", duration, 10 * minute),
    shell: reader.optional("shell", shellTemplate),
    args: reader.parsed("args", reader.raw("args"), args) ?? [],
    workingDirectory: reader.text("working-directory") || undefined,
    user: reader.optional("user", user),
    ...{ stdin: readStdin(reader, script), files: reader.optional("files", fileSelections) },
    ...{ artifacts: readArtifacts(reader, artifactOptions), reports: readReportGlobs(reader) },
    ...{ env: readVariables(reader, "env"), secrets },
    ...{ items: readItems(reader, secrets), itemFiles: hasItems(reader) ? artifactOptions : undefined },
    workers: reader.orElse<number | "auto">("workers", workers, 1),
    stderr: reader.orElse("stderr", oneOf("apart", "merged"), "apart"),
    timeout: reader.orElse("timeout", duration, DEFAULT_TIMEOUT_MS),
    ...{ ...readRetry(reader), itemLog: readItemLog(reader) },
    detach: reader.optional("detach", detach),
    matrix: reader.optional("matrix", matrixJob),
    lock: readLock(reader),
    ...readStaging(reader),
    ...readParallelJobs(reader, where),
    logs: reader.orElse("logs", oneOf("auto", "bucket", "session", "cloudwatch", "s3"), "auto"),
    logToContainer: reader.orElse("log-to-container", boolean, false),
    workflowCommands: reader.orElse("workflow-commands", boolean, false),
    summary: reader.orElse("summary", boolean, true),
  };
  checkPartition(reader, rest.roleToAssume, region);
  checkLogs(reader, rest);
  checkDetach(reader, rest, where);
  checkDeployment(reader, rest, region, where);
  const excess = findExcess(rest);
  if (excess !== undefined) reader.refuse(excess.name, excess.must, excess.got, excess.advice);
  reader.check();
  if (where === undefined || script === undefined || region === undefined) {
    throw new Error("an input is wrong, and no problem was noted");
  }
  return { ...rest, queueTimeout: queueTimeout ?? rest.timeout, where, script, region };
}

/** Throws when an input has a NUL byte, which no environment variable, argument or path can hold. */
function refuseNul(reader: InputReader): void {
  for (const name of INPUTS_OF[reader.source.door]) {
    if (reader.raw(name).includes("\0")) reader.refuse(name, "text", "a NUL byte in it");
  }
  reader.check();
}

function readVariables(reader: InputReader, name: "env" | "secrets"): Readonly<Record<string, string>> {
  const parse = variables({ env: reader.source.env, secret: name === "secrets" });
  // Not trimmed: white space at the end belongs to the last value.
  return reader.parsed(name, reader.raw(name), parse) ?? {};
}

/** The largest user or group id. The next number is -1 to the kernel, which means "no change" (setuid(2)). */
const LARGEST_ID = 4_294_967_294;

/** A user as `docker exec --user` takes it; undefined for root, which is the default. */
function user(text: string): ParseResult<string | undefined> {
  const answer = matching(
    /^[\w][\w.-]*(:[\w][\w.-]*)?$/,
    "a user of the image: a name or a number, such as app or 1000:1000",
  )(text);
  if (text.split(":").some((part) => /^\d+$/.test(part) && Number(part) > LARGEST_ID))
    return {
      must: `a user of the image, whose numbers are at most ${LARGEST_ID}`,
      got: quoteValue(text),
      advice: "Name a user of the image's /etc/passwd, or its number.",
    };
  return "value" in answer && /^(root|0)(:(root|0))?$/.test(answer.value) ? { value: undefined } : answer;
}

/** By default a task of `service` is protected. A task that the step starts belongs to no service, so ECS can't protect it. */
function readProtect(reader: InputReader, where: TaskSelection | undefined): boolean {
  const given = reader.optional("protect", boolean);
  if (given === true && where?.kind === "new")
    reader.refuse(
      "protect",
      "false or left out unless the job runs in a task of a service",
      "'true'",
      "ECS scales in and replaces the tasks of services alone. A new task needs no protection.",
    );
  return given ?? where?.kind === "service";
}

function workers(text: string): ParseResult<number | "auto"> {
  if (text === "auto") return { value: "auto" };
  const answer = count(1, 256)(text);
  return "value" in answer ? answer : { ...answer, must: `auto, or ${answer.must}` };
}

const roleArn = matching(
  /^arn:aws[a-z-]*:iam::\d{12}:role\/[\w+=,.@/-]{1,576}$/,
  "a role's ARN with its account, such as arn:aws:iam::123456789012:role/deploy",
);

/** Refuses a role of another partition than the region's: the region's STS does not know that role. */
function checkPartition(
  reader: InputReader,
  roleToAssume: string | undefined,
  region: string | undefined,
): void {
  if (roleToAssume === undefined || region === undefined) return;
  const { name } = partitionOf(region);
  if (roleToAssume.startsWith(`arn:${name}:`)) return;
  reader.refuse(
    "role-to-assume",
    `a role of the partition '${name}', to which the region ${region} belongs`,
    `'${roleToAssume}'`,
    "Name a role of an account in that partition, or set 'region' to a region of the role's partition.",
  );
}

/** Output by S3 needs a bucket. */
function checkLogs(reader: InputReader, { logs, bucket }: Pick<Inputs, "logs" | "bucket">): void {
  if (logs !== "bucket" || bucket !== undefined) return;
  reader.refuse(
    "logs",
    "auto, session, cloudwatch or s3 without 'bucket'",
    "'bucket'",
    "Name the bucket that the output goes through in 'bucket', or leave 'logs' out.",
  );
}

const awsRegion = matching(/^[a-z]{2,}(-[a-z]+)+-\d{1,2}$/, "an AWS region, such as eu-west-1");

/** The region; undefined when there is none, which is noted as a problem. */
function readRegion(reader: InputReader): string | undefined {
  if (reader.isGiven("region")) return reader.optional("region", awsRegion);
  const { env } = reader.source;
  const variable = env["AWS_REGION"] ? "AWS_REGION" : "AWS_DEFAULT_REGION";
  const text = env[variable];
  if (!text) {
    reader.note(noRegion());
    return undefined;
  }
  const answer = awsRegion(text);
  if ("value" in answer) return answer.value;
  reader.note(badInput("region", answer.must, `${answer.got} from ${variable}`));
  return undefined;
}
