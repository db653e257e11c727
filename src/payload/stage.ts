import type { ObjectName, S3 } from "../aws/s3.ts";
import { Failure } from "../errors.ts";
import type { Inputs } from "../inputs/inputs.ts";
import type { Ledger } from "../state.ts";
import type { Delivery } from "./bootstrap.ts";
import type { Payload } from "./payload.ts";

export interface StageContext {
  readonly inputs: Pick<Inputs, "bucket" | "prefix" | "kmsKeyId" | "region">;
  readonly runId: string;
  readonly s3: Pick<S3, "putObject">;
  readonly ledger: Ledger;
}

/** How the payload is going to reach the container. */
export function delivery({ inputs, runId }: Pick<StageContext, "inputs" | "runId">): Delivery {
  if (inputs.bucket === undefined) return { kind: "session" };
  return {
    kind: "s3",
    bucket: inputs.bucket,
    key: `${inputs.prefix}${runId}/payload`,
    region: inputs.region,
  };
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
  const options = inputs.kmsKeyId === undefined ? {} : { kmsKeyId: inputs.kmsKeyId };
  try {
    await s3.putObject(object, payload.bytes, options);
  } catch (error) {
    // S3 said no, so there is no object; when it said nothing there may be one.
    const said = error instanceof Failure && !/^(aws-unreachable|cancelled)$/.test(error.code);
    ledger.replace(["object"], said ? [] : [{ kind: "object", unheard: true, ...object }]);
    throw error;
  }
}

/** Takes the staged object away again. */
export async function unstage(s3: Pick<S3, "deleteObject">, ledger: Ledger): Promise<void> {
  for (const entry of ledger.entries) {
    if (entry.kind !== "object") continue;
    await s3.deleteObject(entry);
    ledger.drop(entry);
  }
}
