import type { Agent } from "node:http";
import type { CloudWatchLogsClient } from "@aws-sdk/client-cloudwatch-logs";
import { ECSClient } from "@aws-sdk/client-ecs";
import type { KMSClient } from "@aws-sdk/client-kms";
import type { S3Client, S3ClientConfig } from "@aws-sdk/client-s3";
import type { SSMClient } from "@aws-sdk/client-ssm";
import { defaultProvider } from "@aws-sdk/credential-provider-node";
import { VERSION } from "../version.ts";
import type { Connections } from "./connections.ts";
import type { Credentials, CredentialsSource } from "./credentials.ts";
import { endpointOverride } from "./failures.ts";
import { once } from "./once.ts";
import { patience } from "./patience.ts";
import { withOwnFailures } from "./provider-failures.ts";
import { signUpgrade } from "./sign-upgrade.ts";

/**
 * The SDK's clients, each made on first use. Every run calls ECS, so that client is imported with this file. The
 * others are loaded when they are needed, which keeps the time to the first call short.
 */
export interface AwsClients {
  readonly region: string;
  /** Aborts calls under way; they then reject with its reason. */
  readonly signal: AbortSignal | undefined;
  ecs(): Promise<ECSClient>;
  /** The client of this region unless another one is given. */
  s3(region?: string): Promise<S3Client>;
  logs(): Promise<CloudWatchLogsClient>;
  kms(): Promise<KMSClient>;
  ssm(): Promise<SSMClient>;
  /** The present credentials, renewed before they expire. Fails with `no-credentials` or `role-not-assumed`. */
  credentials(): Promise<Credentials>;
  /** Headers that sign the upgrade of a session's socket, at `now` (milliseconds since the epoch). */
  signUpgrade(url: string, now: number): Promise<Readonly<Record<string, string>>>;
  /** The endpoints that the environment names. A message gateway there is trusted like AWS's own. */
  gatewayEndpoints(): readonly string[];
  /**
   * An agent that obeys the proxy variables, for sockets other than the SDK's; undefined when no variable is set.
   */
  proxy(): Promise<Agent | undefined>;
  /**
   * The agent for a request to this URL: that of a proxy, or that of the step's own connections. Undefined when
   * there is neither.
   */
  agent(url: string): Promise<Agent | undefined>;
  /** The connections that these clients share with others; undefined when each client has its own. */
  readonly connections: Connections | undefined;
  /** Closes idle connections. */
  destroy(): void;
}

/** A role that the step assumes itself. */
export interface Role {
  readonly arn: string;
  readonly sessionName: string;
}

export interface AwsOptions {
  readonly region: string;
  /** The credentials; undefined for those of the environment. */
  readonly credentials?: CredentialsSource | undefined;
  /** Calls under way reject with its reason when it aborts. */
  readonly signal?: AbortSignal;
  /** The connections that these clients share with others; undefined when each client has its own. */
  readonly connections?: Connections;
  /** How long a throttled call is repeated, in milliseconds; by default three minutes. */
  readonly throttledFor?: number;
}

/**
 * Endpoints come from the variables of the SDK (`AWS_ENDPOINT_URL` and `AWS_ENDPOINT_URL_<SERVICE>`), and credentials from
 * the SDK's chain. Proxies come from `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY`, in either case.
 */
export function awsClients(options: AwsOptions): AwsClients {
  const { region, signal, connections } = options;
  const proxy = once(proxyFromEnvironment);
  const shared = once(async () => sharedConfig(options, await proxy()));
  const credentials = async (): Promise<Credentials> => {
    const { credentials: current } = await shared();
    try {
      signal?.throwIfAborted();
      return await current();
    } catch (error) {
      signal?.throwIfAborted();
      throw error;
    }
  };
  return {
    region,
    signal,
    // Each client has one endpoint, so it gets a retry strategy of its own.
    ...serviceClients(region, async () => ({
      ...(await shared()),
      retryStrategy: patience(options.throttledFor),
    })),
    credentials,
    signUpgrade: (url, now) => signUpgrade({ url, region, credentials, now }),
    gatewayEndpoints: () =>
      (["ssmmessages", "ecs", "ssm"] as const).flatMap((service) => endpointOverride(service) ?? []),
    proxy,
    agent: async (url) => (await proxy()) ?? connections?.agentFor(url),
    connections,
  };
}

/** The services' clients, each made on first use. `destroy` is for those that were made. */
function serviceClients(
  region: string,
  config: () => Promise<ClientConfig>,
): Pick<AwsClients, "ecs" | "s3" | "logs" | "kms" | "ssm" | "destroy"> {
  const made: { destroy(): void }[] = [];
  const keep = <C extends { destroy(): void }>(client: C): C => {
    made.push(client);
    return client;
  };
  const s3In = once(async (of: string) => keep(await s3Client({ ...(await config()), region: of })));
  return {
    ecs: once(async () => keep(new ECSClient(await config()))),
    s3: (of = region) => s3In(of),
    logs: once(async () => {
      const { CloudWatchLogsClient } = await import("@aws-sdk/client-cloudwatch-logs");
      return keep(new CloudWatchLogsClient(await config()));
    }),
    kms: once(async () => {
      const { KMSClient } = await import("@aws-sdk/client-kms");
      return keep(new KMSClient(await config()));
    }),
    ssm: once(async () => {
      const { SSMClient } = await import("@aws-sdk/client-ssm");
      return keep(new SSMClient(await config()));
    }),
    destroy: () => {
      for (const client of made) client.destroy();
    },
  };
}

async function s3Client(config: S3ClientConfig): Promise<S3Client> {
  const { S3Client } = await import("./s3-sdk.ts");
  // Under an emulator's address a bucket's name can't be part of the host name.
  const forcePathStyle = endpointOverride("s3") !== undefined;
  return new S3Client({ ...config, forcePathStyle });
}

type ClientConfig = ReturnType<typeof sharedConfig> & {
  readonly retryStrategy: ReturnType<typeof patience>;
};

/** The configuration that all clients share. */
function sharedConfig(
  { region, credentials, throttledFor, connections }: AwsOptions,
  agent: Agent | undefined,
) {
  const common = {
    region,
    customUserAgent: [["fargate-exec", VERSION]] as [string, string][],
    requestHandler: {
      // With hundreds of tasks, calls wait for one of a few connections. The SDK would warn of that on standard error.
      logger: SILENT,
      connectionTimeout: 5_000,
      // This limit is for silence, so a slow upload may take longer.
      socketTimeout: 60_000,
      ...(agent ? { httpAgent: agent, httpsAgent: agent } : connections?.agents),
    },
  };
  const clientConfig = { ...common, retryStrategy: patience(throttledFor) };
  const provider = credentials?.(clientConfig) ?? defaultProvider({ clientConfig });
  return { ...common, credentials: withOwnFailures(provider, region) };
}

const nothing = (): void => undefined;
const SILENT = { debug: nothing, info: nothing, warn: nothing, error: nothing };

/** Undefined when no proxy variable is set. The agent checks NO_PROXY for each request. */
async function proxyFromEnvironment(): Promise<Agent | undefined> {
  const names = ["https_proxy", "http_proxy", "all_proxy"].flatMap((name) => [name, name.toUpperCase()]);
  if (!names.some((name) => process.env[name])) return undefined;
  const { EnvironmentProxyAgent } = await import("./proxy.ts");
  return new EnvironmentProxyAgent();
}
