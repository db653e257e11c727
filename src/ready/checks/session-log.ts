import type { AwsLogs } from "../../aws/task-definition.ts";
import type { ExecConfiguration } from "../../aws/ecs.ts";
import type { Kms } from "../../aws/kms.ts";
import type { LogGroup, Logs } from "../../aws/logs.ts";
import type { S3 } from "../../aws/s3.ts";
import type { Inputs } from "../../inputs/inputs.ts";
import { type Check, check, lookAt, type Look, passedCheck, skippedCheck, unansweredCheck } from "./check.ts";

export interface SessionLogFacts {
  /** How the cluster encrypts and logs its sessions. */
  readonly exec: ExecConfiguration;
  /** The awslogs configuration of the container; undefined when it has none. */
  readonly own: AwsLogs | undefined;
  readonly wanted: Inputs["logs"];
  readonly region: string;
}

interface Calls {
  readonly logs: Pick<Logs, "describeGroup">;
  readonly s3: Pick<S3, "checkBucket" | "isEncrypted">;
  readonly kms: Pick<Kms, "generateDataKey">;
}

/** Whether a session can be encrypted and logged as the cluster demands, and whether its log is the one that `logs` names. */
export async function checkSessionLog(facts: SessionLogFacts, calls: Calls): Promise<readonly Check[]> {
  const { exec, own, region } = facts;
  const { kmsKeyId } = exec;
  const isOverride = exec.logging === "OVERRIDE";
  const checks = [checkWhereLogged(facts)];
  if (isOverride && exec.cloudWatchLogGroup !== undefined) {
    const [group, encrypted] = [exec.cloudWatchLogGroup, exec.cloudWatchEncryption];
    checks.push(checkLogGroup({ group, encrypted }, await lookAt(calls.logs.describeGroup(group))));
  }
  if (isOverride && exec.s3Bucket !== undefined)
    checks.push(await logBucket(exec.s3Bucket, exec.s3Encryption, calls.s3));
  if (!isOverride && own !== undefined) checks.push(await checkOwnLogGroup(own, region, calls.logs));
  if (kmsKeyId !== undefined)
    checks.push(checkSessionKey(kmsKeyId, await lookAt(dataKey(kmsKeyId, calls.kms))));
  return checks;
}

/** Checks the log group of the container itself, for a cluster that names no log of its own. */
async function checkOwnLogGroup(own: AwsLogs, region: string, logs: Calls["logs"]): Promise<Check> {
  const { group, createsGroup } = own;
  if (own.region !== undefined && own.region !== region)
    return skippedCheck("log group", `'${group}' is in ${own.region}, and only ${region} is looked at`);
  return checkLogGroup(
    { group, encrypted: false, made: createsGroup },
    await lookAt(logs.describeGroup(group)),
  );
}

export function checkWhereLogged({
  exec,
  own,
  wanted,
}: Pick<SessionLogFacts, "exec" | "own" | "wanted">): Check {
  const { logging, cloudWatchLogGroup, s3Bucket } = exec;
  const destinations =
    logging === "OVERRIDE"
      ? [cloudWatchLogGroup && `log group '${cloudWatchLogGroup}'`, s3Bucket && `bucket '${s3Bucket}'`]
      : [logging === "DEFAULT" && own !== undefined && `the container's log group '${own.group}'`];
  const where = destinations.filter(Boolean).join(" and ") || "nowhere";
  const has = {
    cloudwatch: logging === "OVERRIDE" ? cloudWatchLogGroup !== undefined : where !== "nowhere",
    s3: logging === "OVERRIDE" && s3Bucket !== undefined,
    ...{ auto: true, bucket: true, session: true },
  }[wanted];
  const setting = wanted === "s3" ? "s3BucketName" : "cloudWatchLogGroupName";
  return check(
    "session log",
    has,
    `logging is ${logging}, so that sessions are logged to ${where}${has ? "" : `, and 'logs' is '${wanted}'`}`,
    `Set logging to OVERRIDE with a ${setting} in the cluster's executeCommandConfiguration, or use 'logs: auto'.`,
  );
}

/** `encrypted`: the cluster demands encryption. `made`: the log driver makes the group if it is missing. */
export function checkLogGroup(
  {
    group,
    encrypted,
    made = false,
  }: { readonly group: string; readonly encrypted: boolean; readonly made?: boolean | undefined },
  look: Look<LogGroup | undefined>,
): Check {
  const name = "log group";
  if ("failure" in look) return unansweredCheck(name, look.failure);
  if (look.value === undefined)
    return check(
      name,
      made,
      `there is no log group '${group}'${made ? " yet, and the log driver makes it" : ""}`,
      `Run 'aws logs create-log-group --log-group-name ${group}', or correct its name.`,
    );
  const isSealed = look.value.kmsKeyId !== undefined;
  return check(
    name,
    isSealed || !encrypted,
    `'${group}' is there${encrypted ? `, and is ${isSealed ? "" : "not "}encrypted by a KMS key, as the cluster demands` : ""}`,
    `Run 'aws logs associate-kms-key --log-group-name ${group} --kms-key-id KEY-ARN', or set cloudWatchEncryptionEnabled to false in the cluster's executeCommandConfiguration.`,
  );
}

async function logBucket(bucket: string, encrypted: boolean, s3: Calls["s3"]): Promise<Check> {
  const name = "log bucket";
  const look = await lookAt(s3.checkBucket({ bucket }));
  // The agent writes the log in the bucket's own region, and the step reads it there.
  if ("failure" in look && look.failure.code === "bucket-elsewhere")
    return passedCheck(name, look.failure.failed);
  if ("failure" in look) return unansweredCheck(name, look.failure);
  if (!encrypted) return passedCheck(name, `'${bucket}' is there`);
  const sealed = await lookAt(s3.isEncrypted({ bucket }));
  if ("failure" in sealed) return unansweredCheck(name, sealed.failure);
  return check(
    name,
    sealed.value,
    `'${bucket}' is there, and is ${sealed.value ? "" : "not "}encrypted by default, as the cluster demands`,
    `Give the bucket '${bucket}' a default encryption, or set s3EncryptionEnabled to false in the cluster's executeCommandConfiguration.`,
  );
}

/** Asks KMS for a data key, as a session does, and throws it away. */
async function dataKey(keyId: string, kms: Calls["kms"]): Promise<unknown> {
  return await kms.generateDataKey(keyId, { "aws:ssm:TargetId": "check" });
}

export function checkSessionKey(keyId: string, look: Look<unknown>): Check {
  const name = "session key";
  if ("failure" in look) {
    const { failed, seen, advice, code } = look.failure;
    const fix = code === "access-denied" ? advice : `Check the key '${keyId}' of the cluster. ${advice}`;
    return check(name, false, `${failed} ${seen}`, fix);
  }
  return passedCheck(name, `the credentials may use the key '${keyId}'`);
}
