import type { AwsLogs } from "../../aws/task-definition.ts";
import type { ExecConfiguration } from "../../aws/ecs.ts";
import type { Kms } from "../../aws/kms.ts";
import type { LogGroup, Logs } from "../../aws/logs.ts";
import type { S3 } from "../../aws/s3.ts";
import type { Inputs } from "../../inputs/inputs.ts";
import { type Check, check, lookAt, type Look, skipped, unanswered } from "./check.ts";

export interface SessionLogFacts {
  /** How the cluster encrypts and logs its sessions. */
  readonly exec: ExecConfiguration;
  /** Where the container's own log goes. */
  readonly own: AwsLogs | undefined;
  readonly wanted: Inputs["logs"];
  readonly region: string;
}

interface Calls {
  readonly logs: Pick<Logs, "group">;
  readonly s3: Pick<S3, "checkBucket" | "isEncrypted">;
  readonly kms: Pick<Kms, "generateDataKey">;
}

/** Whether the session can be encrypted and logged as the cluster demands, and read as `logs` demands. */
export async function sessionLogChecks(facts: SessionLogFacts, calls: Calls): Promise<readonly Check[]> {
  const { exec, own, region } = facts;
  const isOverride = exec.logging === "OVERRIDE";
  const group = isOverride ? exec.cloudWatchLogGroup : own?.group;
  const isElsewhere = !isOverride && own?.region !== undefined && own.region !== region;
  const { kmsKeyId } = exec;
  const bucket = isOverride ? exec.s3Bucket : undefined;
  return [
    whereLogged(facts),
    ...(group === undefined
      ? []
      : [
          isElsewhere
            ? skipped("log group", `'${group}' is in ${own.region}, and only ${region} is looked at`)
            : logGroup(
                {
                  group,
                  encrypted: isOverride && exec.cloudWatchEncryption,
                  made: !isOverride && own?.createsGroup,
                },
                await lookAt(calls.logs.group(group)),
              ),
        ]),
    ...(bucket === undefined ? [] : [await logBucket(bucket, exec.s3Encryption, calls.s3)]),
    ...(kmsKeyId === undefined ? [] : [sessionKey(kmsKeyId, await lookAt(dataKey(kmsKeyId, calls.kms)))]),
  ];
}

export function whereLogged({ exec, own, wanted }: Omit<SessionLogFacts, "region">): Check {
  const { logging, cloudWatchLogGroup, s3Bucket } = exec;
  const places =
    logging === "OVERRIDE"
      ? [cloudWatchLogGroup && `log group '${cloudWatchLogGroup}'`, s3Bucket && `bucket '${s3Bucket}'`]
      : [logging === "DEFAULT" && own !== undefined && `the container's log group '${own.group}'`];
  const where = places.filter(Boolean).join(" and ") || "nowhere";
  const has = {
    cloudwatch: logging === "OVERRIDE" ? cloudWatchLogGroup !== undefined : where !== "nowhere",
    s3: logging === "OVERRIDE" && s3Bucket !== undefined,
    auto: true,
    session: true,
  }[wanted];
  const setting = wanted === "s3" ? "s3BucketName" : "cloudWatchLogGroupName";
  return check(
    "session log",
    true,
    has,
    `logging is ${logging}, so that sessions are logged to ${where}${has ? "" : `, and 'logs' is '${wanted}'`}`,
    `Set logging to OVERRIDE with a ${setting} in the cluster's executeCommandConfiguration, or use 'logs: auto'.`,
  );
}

/** `encrypted`: the cluster demands it. `made`: the log driver makes a group that is missing. */
export function logGroup(
  {
    group,
    encrypted,
    made = false,
  }: { readonly group: string; readonly encrypted: boolean; readonly made?: boolean | undefined },
  look: Look<LogGroup | undefined>,
): Check {
  const name = "log group";
  if ("failure" in look) return unanswered(name, look.failure);
  if (look.value === undefined)
    return check(
      name,
      true,
      made,
      `there is no log group '${group}'${made ? " yet, and the log driver makes it" : ""}`,
      `Run 'aws logs create-log-group --log-group-name ${group}', or correct its name.`,
    );
  const isSealed = look.value.kmsKeyId !== undefined;
  return check(
    name,
    true,
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
    return check(name, true, true, look.failure.failed, "");
  if ("failure" in look) return unanswered(name, look.failure);
  if (!encrypted) return check(name, true, true, `'${bucket}' is there`, "");
  const sealed = await lookAt(s3.isEncrypted({ bucket }));
  if ("failure" in sealed) return unanswered(name, sealed.failure);
  return check(
    name,
    true,
    sealed.value,
    `'${bucket}' is there, and is ${sealed.value ? "" : "not "}encrypted by default, as the cluster demands`,
    `Give the bucket '${bucket}' a default encryption, or set s3EncryptionEnabled to false in the cluster's executeCommandConfiguration.`,
  );
}

/** Asks for a key as for a session, and throws it away. */
async function dataKey(keyId: string, kms: Calls["kms"]): Promise<unknown> {
  return await kms.generateDataKey(keyId, { "aws:ssm:TargetId": "check" });
}

export function sessionKey(keyId: string, look: Look<unknown>): Check {
  const name = "session key";
  if ("failure" in look) {
    const { failed, seen, advice, code } = look.failure;
    const fix = code === "access-denied" ? advice : `Check the key '${keyId}' of the cluster. ${advice}`;
    return { name, verdict: "NG", seen: `${failed} ${seen}`, fix };
  }
  return check(name, true, true, `the credentials may use the key '${keyId}'`, "");
}
