import { asFailure } from "../errors.ts";
import type { TypedInput } from "../follow/follow-session.ts";
import type { Delivery } from "../payload/bootstrap.ts";
import { typedLoader, typedPayload, typedSecrets, typedStart } from "../payload/input.ts";
import { loaderText } from "../payload/loader.ts";
import type { JobContext } from "./context.ts";
import type { PreparedJob } from "./prepare.ts";

/** How long a presigned URL is valid. */
const ADDRESS_SECONDS = 300;

/** The input that is typed into a session of the job, each part when the container asks for it. */
export function typedInput(
  nonce: string,
  { payload, delivery }: Pick<PreparedJob, "payload" | "delivery">,
  context: Pick<JobContext, "inputs" | "aws" | "log">,
): TypedInput {
  const { secrets } = context.inputs;
  return {
    start: async (missing) => {
      if (missing === undefined) return typedStart(nonce, secrets);
      const address = await stagedAddress(delivery, context);
      return typedLoader(nonce, loaderText({ payload, delivery, address }));
    },
    payload: () => typedPayload(payload),
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
