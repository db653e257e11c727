import type { AwsClients } from "./clients.ts";
import { endpointOverride } from "./failures.ts";
import { partitionOf } from "./partitions.ts";

/** A client is loaded after this time, when the first calls of ECS are on their way. Loading blocks the process for about as long. */
const ASKED_MS = 30;

/** What a run calls after ECS. */
export interface CallsAhead {
  readonly bucket: string | undefined;
  /** Whether others may use the task. The run then looks for their sessions. */
  readonly isShared: boolean;
}

/**
 * Opens connections to the hosts that the run calls after ECS. Loads the client for the first of them
 * while ECS answers. Never rejects.
 */
export async function openAhead(
  clients: Pick<AwsClients, "region" | "signal" | "clock" | "openAhead" | "s3" | "ssm">,
  calls: CallsAhead,
): Promise<void> {
  const { region, clock, signal } = clients;
  const client = calls.bucket !== undefined ? clients.s3 : calls.isShared ? clients.ssm : undefined;
  const loaded = clock.sleep(ASKED_MS, signal).then(async () => {
    await client?.();
  });
  await Promise.allSettled([clients.openAhead(urlsAhead(region, calls)), loaded]); // the first call reports what fails
}

/**
 * The endpoints that a run calls after ECS, in the order of the calls. With a bucket S3 comes twice, for the payload and the
 * claim. Without one Systems Manager comes first when the task is shared. The message gateway is last. A connection to another
 * name of the same service, as with FIPS endpoints, is opened when it is needed.
 */
export function urlsAhead(region: string, { bucket, isShared }: CallsAhead): readonly string[] {
  const { dnsSuffix } = partitionOf(region);
  const regional = (host: string): string => `https://${host}.${region}.${dnsSuffix}`;
  const of = (service: "ssm" | "ssmmessages"): string => endpointOverride(service) ?? regional(service);
  const gateway = of("ssmmessages");
  if (bucket === undefined) return [...(isShared ? [of("ssm")] : []), gateway];
  const s3 = endpointOverride("s3") ?? regional(bucket.includes(".") ? "s3" : `${bucket}.s3`);
  return [s3, s3, gateway];
}
