import type { CloudWatchLogsClient } from "@aws-sdk/client-cloudwatch-logs";
import type { ECSClient } from "@aws-sdk/client-ecs";
import type { KMSClient } from "@aws-sdk/client-kms";
import type { S3Client } from "@aws-sdk/client-s3";
import type { SSMClient } from "@aws-sdk/client-ssm";
import type { Clock } from "../clock.ts";
import type { Connections } from "./connections.ts";
import type { CredentialsSource } from "./credentials.ts";
import { once } from "./once.ts";
import { patient, repeating } from "./repeating.ts";
import type { AwsServices, Sender } from "./services.ts";
import type { OpenSocket, World } from "./world.ts";

/** AWS's services with calls that are repeated as long as that makes sense. Each client is made on first use. */
export interface AwsClients extends Omit<AwsServices, "s3"> {
  readonly region: string;
  readonly clock: Clock;
  /** Aborts calls under way; they then reject with its reason. */
  readonly signal: AbortSignal | undefined;
  /** Aborts the calls that `signal` does not cut short, when the process is about to end. */
  readonly ending?: AbortSignal | undefined;
  ecs(): Promise<Sender<ECSClient>>;
  /** The client of this region unless another one is given. */
  s3(region?: string): Promise<Sender<S3Client>>;
  logs(): Promise<Sender<CloudWatchLogsClient>>;
  kms(): Promise<Sender<KMSClient>>;
  ssm(): Promise<Sender<SSMClient>>;
  readonly openSocket: OpenSocket;
}

/** A role that the step assumes itself. */
export interface Role {
  readonly arn: string;
  readonly sessionName: string;
}

export interface AwsOptions {
  readonly region: string;
  readonly world: World;
  /** The credentials; undefined for those of the environment. */
  readonly credentials?: CredentialsSource | undefined;
  /** Calls under way reject with its reason when it aborts. */
  readonly signal?: AbortSignal | undefined;
  /** Aborts the calls that `signal` does not cut short, when the process is about to end. */
  readonly ending?: AbortSignal | undefined;
  /** The connections that these clients share with others; undefined when each client has its own. */
  readonly connections?: Connections | undefined;
  /** How long a throttled call is repeated, in milliseconds; by default three minutes. */
  readonly throttledFor?: number | undefined;
}

export function awsClients({
  region,
  world: { clock, services: servicesFor, openSocket },
  credentials: source,
  signal,
  ending,
  connections,
  throttledFor,
}: AwsOptions): AwsClients {
  // Each client has one endpoint, so it has a patience of its own.
  const patiently = <Client extends { readonly send: unknown }>(client: Sender<Client>): Sender<Client> =>
    patient(client, repeating(clock, throttledFor));
  const credentials: CredentialsSource | undefined =
    source &&
    ((assume) => {
      const repeat = repeating(clock, throttledFor);
      return source((request) => repeat(() => assume(request), signal));
    });
  const services = servicesFor({ region, credentials, signal, connections, throttledFor, clock });
  const s3In = once(async (of: string) => patiently(await services.s3(of)));
  return {
    ...services,
    ...{ region, clock, signal, ending, openSocket },
    ecs: once(async () => patiently(await services.ecs())),
    s3: (of = region) => s3In(of),
    logs: once(async () => patiently(await services.logs())),
    kms: once(async () => patiently(await services.kms())),
    ssm: once(async () => patiently(await services.ssm())),
  };
}
