import { asFailure } from "../../errors.ts";
import type { TypedInput } from "../../carriers/session-input.ts";
import type { Delivery } from "../../payload/bootstrap.ts";
import type { Payload } from "../../payload/payload.ts";
import { typedPayload, typedSecrets, typedStart } from "../../payload/input.ts";
import { packedDelivery, typedDelivery, typedEnd } from "../../payload/typed-delivery.ts";
import { partAtOnce } from "../step-budget.ts";
import type { JobContext } from "./context.ts";
import { type PreparedJob, startInTime } from "./prepare.ts";

/** How long a presigned URL is valid. */
const ADDRESS_SECONDS = 300;

/** The input that is typed into a session of the job, each part when the container asks for it. */
export function makeTypedInput(
  job: Pick<PreparedJob, "nonce" | "start" | "setup">,
  context: Pick<JobContext, "inputs" | "aws" | "log" | "lock"> & {
    readonly origin: Pick<JobContext["origin"], "fanOut">;
  },
): TypedInput {
  const { nonce, setup } = job;
  const { secrets } = context.inputs;
  let made: Buffer | undefined;
  const packed = (payload: Payload): Buffer => (made ??= packedDelivery(payload));
  return {
    prepare: () => {
      if (job.start?.delivery.kind === "session") packed(job.start.payload);
    },
    start: async (missing) => {
      // The container begins the job only within 90 s after `ready` (`payload/input.ts`). Once confirmed, the lock goes to no other run in that time.
      await context.lock?.confirm();
      const part = partAtOnce(context.origin.fanOut?.tasks ?? 1);
      const opening = { nonce, part, packAbove: (await setup).packAbove };
      const start = startInTime(job);
      start?.window.open();
      if (missing === undefined) return typedStart(opening, secrets);
      if (start === undefined) return typedEnd(opening, job.start === undefined ? "ended" : "gone");
      const { payload, delivery } = start;
      const address = await stagedAddress(delivery, context);
      const options = { payload, delivery, address };
      return typedDelivery(opening, options, missing.why, secrets, () => packed(payload));
    },
    payload: () => (job.start === undefined ? Buffer.alloc(0) : typedPayload(job.start.payload)),
    secrets: () => typedSecrets(secrets),
  };
}

/** A short-lived URL of the staged payload, for containers that have curl or the like but no boto3. */
async function stagedAddress(
  delivery: Delivery,
  { aws, log }: Pick<JobContext, "aws" | "log">,
): Promise<string | undefined> {
  if (delivery.kind !== "s3") return undefined;
  try {
    return await aws.s3.presignGet(delivery, ADDRESS_SECONDS);
  } catch (error) {
    log.info(`No presigned URL could be made: ${asFailure(error).seen}`);
    return undefined;
  }
}
