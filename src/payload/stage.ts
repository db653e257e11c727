import type { ObjectName, S3 } from "../aws/s3.ts";
import { badInput } from "../errors.ts";
import type { Inputs } from "../inputs/inputs.ts";
import type { Ledger } from "../state.ts";
import type { Delivery } from "./bootstrap.ts";
import { LARGEST_TYPED } from "./loader.ts";
import type { Payload } from "./payload.ts";

export interface StageContext {
  readonly inputs: Pick<Inputs, "bucket" | "prefix" | "kmsKeyId" | "region">;
  readonly runId: string;
  readonly s3: Pick<S3, "putObject">;
  readonly ledger: Ledger;
}

/** How the payload is going to reach the container. Fails with `bad-input` for one too large to go without a bucket. */
export function delivery(
  { inputs, runId }: Pick<StageContext, "inputs" | "runId">,
  payload: Payload,
): Delivery {
  if (inputs.bucket !== undefined) {
    const key = `${inputs.prefix}${runId}/payload`;
    return { kind: "s3", bucket: inputs.bucket, key, region: inputs.region };
  }
  if (payload.bytes.length > LARGEST_TYPED) {
    throw badInput(
      "bucket",
      "set for a script of this size",
      `${payload.bytes.length} bytes to bring into the container, and no bucket`,
      `Without a bucket at most ${LARGEST_TYPED} bytes can be typed into the session. Name a bucket that the step may write and the task role may read.`,
    );
  }
  return { kind: "session" };
}

/** Puts the payload where the container will fetch it; on record as something to undo before it is there. */
export async function stage(
  payload: Payload,
  to: Delivery,
  { inputs, s3, ledger }: StageContext,
): Promise<void> {
  if (to.kind !== "s3") return;
  const object: ObjectName = { bucket: to.bucket, key: to.key };
  ledger.replace(["object"], [{ kind: "object", ...object }]);
  await s3.putObject(
    object,
    payload.bytes,
    inputs.kmsKeyId === undefined ? {} : { kmsKeyId: inputs.kmsKeyId },
  );
}

/** Takes the staged object away again. */
export async function unstage(s3: Pick<S3, "deleteObject">, ledger: Ledger): Promise<void> {
  for (const entry of ledger.entries) {
    if (entry.kind !== "object") continue;
    await s3.deleteObject(entry);
    ledger.drop(entry);
  }
}
