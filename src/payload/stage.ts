import { sayKept } from "../aws/s3-kept.ts";
import type { ObjectName, S3 } from "../aws/s3.ts";
import { Failure } from "../errors.ts";
import type { Inputs } from "../inputs/inputs.ts";
import type { Log } from "../log.ts";
import { whyNotWritten } from "../ready/bucket.ts";
import type { Ledger } from "../undo/ledger.ts";
import type { Delivery } from "./bootstrap.ts";
import type { Payload } from "./payload.ts";

export interface DeliveryOptions {
  readonly inputs: Pick<Inputs, "bucket" | "prefix" | "region">;
  /** The account that the bucket has to belong to, where that is known. */
  readonly owner: string | undefined;
  readonly runId: string;
}

export interface StageContext {
  readonly inputs: Pick<Inputs, "kmsKeyId">;
  readonly s3: Pick<S3, "putObject" | "checkBucket">;
  readonly ledger: Ledger;
}

/** How the payload is going to reach the container. */
export function delivery({ inputs, owner, runId }: DeliveryOptions): Delivery {
  if (inputs.bucket === undefined) return { kind: "session" };
  return {
    kind: "s3",
    bucket: inputs.bucket,
    owner,
    key: `${inputs.prefix}${runId}/payload`,
    region: inputs.region,
  };
}

/**
 * Puts the payload where the container will fetch it; on record as something to undo before it is there, and with its
 * version after that. Fails with `bucket-not-owned` where the bucket belongs to another account.
 */
export async function stage(
  payload: Payload,
  to: Delivery,
  { inputs, s3, ledger }: StageContext,
): Promise<void> {
  if (to.kind !== "s3") return;
  const object: ObjectName = { bucket: to.bucket, owner: to.owner, key: to.key };
  ledger.replace(["object"], [{ kind: "object", ...object }]);
  try {
    const written = await s3.putObject(object, payload.bytes, { kmsKeyId: inputs.kmsKeyId });
    ledger.replace(["object"], [{ kind: "object", ...object, ...written }]);
  } catch (error) {
    // S3 said no, so there is no object; when it said nothing there may be one.
    const said = error instanceof Failure && !/^(aws-unreachable|cancelled)$/.test(error.code);
    ledger.replace(["object"], said ? [] : [{ kind: "object", unheard: true, ...object }]);
    throw said ? await whyNotWritten(error, object, { s3, kmsKeyId: inputs.kmsKeyId }) : error;
  }
}

/** Takes the staged object away again. */
export async function unstage(
  { s3, log }: { readonly s3: Pick<S3, "deleteObject">; readonly log: Log },
  ledger: Ledger,
): Promise<void> {
  for (const entry of ledger.entries) {
    if (entry.kind !== "object") continue;
    sayKept(log, entry, await s3.deleteObject(entry));
    ledger.drop(entry);
  }
}
