import { whyNotWritten } from "../aws/bucket-refusals.ts";
import { logRetention } from "../aws/s3-retention.ts";
import type { ObjectName, S3, WrittenObject } from "../aws/s3.ts";
import { isRefusedByAws, isWithoutEffect } from "../aws/failures.ts";
import type { Inputs } from "../inputs/inputs.ts";
import type { Log } from "../log.ts";
import type { Delivery } from "./bootstrap.ts";
import type { Payload } from "./payload.ts";

export interface DeliveryOptions {
  readonly inputs: Pick<Inputs, "bucket" | "prefix" | "region">;
  /** The account that the bucket has to belong to, if known. */
  readonly owner: string | undefined;
  readonly runId: string;
}

/** An object in the bucket that has to be deleted when the run is over. */
export type StagedObject = WrittenObject & {
  /** S3 has not answered the upload: the object may still appear. */
  readonly unheard?: true;
};

export interface StageOptions {
  /** Whether the payload of another try of this run may be under the same key: a versioned bucket then has several versions to delete. */
  readonly isAgain?: boolean;
  readonly kmsKeyId: string | undefined;
  readonly s3: Pick<S3, "putObject" | "checkBucket">;
  /**
   * Called with what has to be deleted: before the upload the object by its name, after it the version, and undefined
   * when S3 has refused the upload. So the ledger is right whenever a cancel comes.
   */
  readonly onObject: (object: StagedObject | undefined) => void;
  /** One call uploads the payload, so its bytes are told before it and after it. */
  readonly log: Pick<Log, "progress">;
}

/** Decides how the payload will reach the container. */
export function chooseDelivery({ inputs, owner, runId }: DeliveryOptions): Delivery {
  if (inputs.bucket === undefined) return { kind: "session" };
  return {
    kind: "s3",
    bucket: inputs.bucket,
    owner,
    key: `${inputs.prefix}staged/${runId}/payload`,
    region: inputs.region,
  };
}

/**
 * Uploads the payload for the container. Undefined when the session carries it. Fails with `bucket-not-owned` when
 * the bucket belongs to another account.
 */
export async function stage(
  payload: Payload,
  to: Delivery,
  { isAgain = false, kmsKeyId, s3, onObject, log }: StageOptions,
): Promise<StagedObject | undefined> {
  if (to.kind !== "s3") return undefined;
  const name: ObjectName = { bucket: to.bucket, owner: to.owner, key: to.key };
  onObject(name);
  const size = payload.bytes.length;
  try {
    log.progress?.(0, size);
    const written = await s3.putObject(name, payload.bytes, { kmsKeyId });
    log.progress?.(size, size);
    const object = { ...name, ...written, ...(isAgain && { repeated: true as const }) };
    onObject(object);
    return object;
  } catch (error) {
    // After a refusal there is no object, unless another try has written one. Without an answer there may be one.
    const kept = isAgain ? name : undefined;
    onObject(isWithoutEffect(error) ? kept : { unheard: true, ...name });
    throw isRefusedByAws(error) ? await whyNotWritten(error, name, { s3, kmsKeyId }) : error;
  }
}

/** Deletes the staged object. Logs what S3 keeps of it. */
export async function unstage(
  object: StagedObject,
  { s3, log }: { readonly s3: Pick<S3, "deleteObject">; readonly log: Log },
): Promise<void> {
  logRetention(log, object, await s3.deleteObject(object));
}
