import { isReadable, notOwned } from "../../aws/bucket-refusals.ts";
import type { Iam } from "../../aws/iam.ts";
import { s3Arn } from "../../aws/partitions.ts";
import type { BucketName, S3 } from "../../aws/s3.ts";
import { isRecord } from "../../values.ts";
import {
  type Check,
  check,
  doubtInput,
  lookAt,
  type Look,
  passedCheck,
  skippedCheck,
  unansweredCheck,
} from "./check.ts";
import { checkRights, keyArn, type Principal } from "./role.ts";

export interface StagingInputs {
  readonly bucket: BucketName;
  readonly prefix: string;
  readonly kmsKeyId: string | undefined;
  /** The region of the bucket and of the run. */
  readonly region: string;
}

interface Calls {
  readonly s3: Pick<S3, "checkBucket" | "isVersioned" | "readBucketPolicy">;
  readonly iam: Pick<Iam, "listDenied">;
}

/** Whether the script can be staged in the bucket. `cluster` is its ARN; undefined when that isn't known. */
export async function checkStaging(
  inputs: StagingInputs,
  caller: Principal | undefined,
  cluster: string | undefined,
  calls: Calls,
): Promise<readonly Check[]> {
  const { s3 } = calls;
  const { bucket } = inputs;
  const look = await lookAt(s3.checkBucket(bucket));
  const found = await checkBucket(inputs, look, { caller, calls });
  if (found.verdict === "NG") return [found];
  const [versions, policy] = await Promise.all([
    lookAt(s3.isVersioned(bucket)),
    lookAt(s3.readBucketPolicy(bucket)),
  ]);
  const keeps = "value" in versions && versions.value;
  return [
    found,
    checkVersioning(versions),
    bucketPolicy(policy, inputs),
    ...doubtInput("bucket", look, await rightsToStage(inputs, { keeps, caller, cluster }, calls.iam)),
  ];
}

async function checkBucket(
  { bucket, region }: StagingInputs,
  look: Look<void>,
  { caller, calls: { s3, iam } }: { readonly caller: Principal | undefined; readonly calls: Calls },
): Promise<Check> {
  const name = "bucket";
  if ("value" in look)
    return passedCheck(
      name,
      `'${bucket.bucket}' is there, in this region, and of account ${bucket.owner ?? "any"}`,
    );
  const { failure } = look;
  if (failure.code !== "access-denied") return unansweredCheck(name, failure);
  if (bucket.owner !== undefined && (await isReadable({ bucket: bucket.bucket }, s3)))
    return unansweredCheck(name, notOwned(bucket.bucket, bucket.owner, failure));
  if (caller === undefined) return unansweredCheck(name, failure);
  const allowed = await lookAt(iam.listDenied(caller.arn, ["s3:ListBucket"], [s3Arn(region, bucket.bucket)]));
  if ("failure" in allowed || allowed.value.length > 0) return unansweredCheck(name, failure);
  return check(
    name,
    false,
    `S3 denies what the policies of ${caller.arn} allow: ${failure.seen}`,
    "Check the input 'bucket'. The bucket's own policy denies it, or it belongs to another account: name that in 'bucket-owner', and let the bucket's policy allow the caller (docs/iam/bucket-policy.json).",
  );
}

export function checkVersioning(look: Look<boolean>): Check {
  const name = "bucket versioning";
  if ("failure" in look) return unansweredCheck(name, look.failure);
  const words = look.value
    ? "the bucket keeps versions, and those that a run writes are deleted"
    : "the bucket keeps no versions";
  return passedCheck(name, words);
}

/** Whether the bucket's policy gives staged objects to everyone, or denies them because of their encryption. */
export function bucketPolicy(
  look: Look<string | undefined>,
  { kmsKeyId }: Pick<StagingInputs, "kmsKeyId">,
): Check {
  const name = "bucket policy";
  if ("failure" in look) return unansweredCheck(name, look.failure);
  if (look.value === undefined) return passedCheck(name, "there is none");
  const statements = statementsOf(look.value);
  if (statements === undefined) return skippedCheck(name, "not known: it can't be read as JSON");
  if (statements.some(isPublic))
    return check(
      name,
      false,
      "a statement gives the bucket's objects to everyone",
      "Take the statement with Principal '*' and without a Condition out of the bucket's policy.",
    );
  if (kmsKeyId === undefined && statements.some(needsEncryption))
    return check(
      name,
      false,
      "a statement denies writes that name no encryption",
      "Set 'kms-key-id', or let the policy leave it to the bucket's default encryption.",
    );
  return passedCheck(name, "nothing in it is against staging");
}

type Statement = Readonly<Record<string, unknown>>;

function statementsOf(policy: string): readonly Statement[] | undefined {
  try {
    const parsed: unknown = JSON.parse(policy);
    const statements = isRecord(parsed) ? parsed["Statement"] : undefined;
    return (Array.isArray(statements) ? statements : [statements]).filter(isRecord);
  } catch {
    return undefined;
  }
}

function isPublic({ Effect, Principal, Condition }: Statement): boolean {
  const named = isRecord(Principal) ? Principal["AWS"] : Principal;
  const isEveryone = named === "*" || (Array.isArray(named) && named.includes("*"));
  return Effect === "Allow" && isEveryone && Condition === undefined;
}

function needsEncryption({ Effect, Action, Condition }: Statement): boolean {
  const actions = [Action].flat().map(String);
  const writes = actions.some((action) => ["s3:PutObject", "s3:Put*", "s3:*", "*"].includes(action));
  return (
    Effect === "Deny" && writes && JSON.stringify(Condition ?? {}).includes("s3:x-amz-server-side-encryption")
  );
}

/** The rights to the bucket, and to `kms-key-id`. The key of the bucket's default encryption is not looked at. */
async function rightsToStage(
  { bucket, prefix, kmsKeyId, region }: StagingInputs,
  {
    keeps,
    caller,
    cluster,
  }: {
    readonly keeps: boolean;
    readonly caller: Principal | undefined;
    readonly cluster: string | undefined;
  },
  iam: Pick<Iam, "listDenied">,
): Promise<readonly Check[]> {
  const name = "rights to the bucket";
  if (caller === undefined) return [skippedCheck(name, "not known: the caller isn't known")];
  const actions = [
    "s3:PutObject",
    "s3:GetObject",
    "s3:DeleteObject",
    ...(keeps ? ["s3:DeleteObjectVersion"] : []),
  ];
  const resources = [s3Arn(region, bucket.bucket, `${prefix}check/payload`)];
  return [
    await checkRights(caller, { name, actions, resources }, iam),
    ...(await rightsToKey(kmsKeyId, { caller, cluster }, iam)),
  ];
}

async function rightsToKey(
  kmsKeyId: string | undefined,
  { caller, cluster }: { readonly caller: Principal; readonly cluster: string | undefined },
  iam: Pick<Iam, "listDenied">,
): Promise<readonly Check[]> {
  const name = "rights to the bucket's key";
  if (kmsKeyId === undefined) return [];
  if (cluster === undefined) return [skippedCheck(name, "not known: the key's account isn't known")];
  const key = keyArn(kmsKeyId, cluster);
  const actions = ["kms:GenerateDataKey", "kms:Decrypt"];
  return key === undefined ? [] : [await checkRights(caller, { name, actions, resources: [key] }, iam)];
}
