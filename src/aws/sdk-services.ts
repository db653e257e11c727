import type { Agent } from "node:http";
import { ECSClient, type ECSClientConfig } from "@aws-sdk/client-ecs";
import type { S3Client, S3ClientConfig } from "@aws-sdk/client-s3";
import { defaultProvider } from "@aws-sdk/credential-provider-node";
import { VERSION } from "../version.ts";
import { boundedAnswer, type SdkPlugin } from "./bounded-answer.ts";
import type { AssumeRole, Credentials } from "./credentials.ts";
import { endpointOverride } from "./failures.ts";
import { proxyFromEnvironment } from "./http.ts";
import { once } from "./once.ts";
import { patience } from "./patience.ts";
import { keptBeginnings } from "./foreign-answers.ts";
import { withOwnFailures } from "./provider-failures.ts";
import { presignForm, presignUrl } from "./presign.ts";
import { keepDates } from "./s3-date.ts";
import type { AwsServices, ServiceOptions } from "./services.ts";
import { signUpgrade } from "./sign-upgrade.ts";
import { findEndpoint, postSigned } from "./signed-post.ts";

/**
 * AWS by its SDK. Endpoints come from the variables of the SDK (`AWS_ENDPOINT_URL` and `AWS_ENDPOINT_URL_<SERVICE>`), and credentials from
 * the SDK's chain. Proxies come from `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY`, in either case.
 *
 * Every run calls ECS, so that client is imported with this file. The others are loaded when they are needed, which keeps the time to the
 * first call short.
 */
export function sdkServices(options: ServiceOptions): AwsServices {
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
  const clients = serviceClients(shared);
  return {
    ...clients,
    credentials,
    presignGet: async (object, seconds) => await presignUrl(await clients.s3(region), object, seconds),
    presignPost: async (folder, limits) => await presignForm(await clients.s3(region), folder, limits),
    endpoint: (service, of) => findEndpoint(service, of, clients.ecs),
    post: async (request) => await postSigned(request, { credentials, agent: await proxy(), signal }),
    signUpgrade: (url, now) => signUpgrade({ url, region, credentials, now }),
    gatewayEndpoints: () =>
      (["ssmmessages", "ecs", "ssm"] as const).flatMap((service) => endpointOverride(service) ?? []),
    agent: async (url) => (await proxy()) ?? connections?.agentFor(url),
    openAhead: async (urls) => {
      // Behind a proxy nothing is to be opened ahead: it opens the connections to the hosts.
      if (connections === undefined || (await proxy().catch(() => undefined)) !== undefined) return;
      for (const url of urls) if (URL.canParse(url)) connections.open(url);
    },
  };
}

interface SdkClient {
  readonly middlewareStack: { use(plugin: SdkPlugin): void };
  destroy(): void;
}

/** The services' clients, each made on first use. `destroy` is for those that were made. */
function serviceClients(config: () => Promise<ClientConfig>) {
  const made: SdkClient[] = [];
  const keep = <C extends SdkClient>(client: C): C => {
    made.push(client);
    client.middlewareStack.use(keptBeginnings);
    return client;
  };
  return {
    ecs: once(async () => keep(new ECSClient(await config()))),
    s3: once(async (of: string) => keep(await s3Client({ ...(await config()), region: of }))),
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
    destroy: (): void => {
      for (const client of made) client.destroy();
    },
  };
}

async function s3Client(config: S3ClientConfig): Promise<S3Client> {
  const { S3Client } = await import("./s3-sdk.ts");
  // Under an emulator's address a bucket's name can't be part of the host name.
  const forcePathStyle = endpointOverride("s3") !== undefined;
  const client = new S3Client({ ...config, forcePathStyle });
  keepDates(client);
  return client;
}

type ClientConfig = ReturnType<typeof sharedConfig>;

/** `AwsClients` repeats requests, by a clock that a simulation can step, so the SDK must not. */
const SENT_ONCE: Extract<ECSClientConfig["retryStrategy"], { refreshRetryTokenForRetry: unknown }> = {
  acquireInitialRetryToken: () => Promise.resolve({ getRetryCount: () => 0, getRetryDelay: () => 0 }),
  refreshRetryTokenForRetry: () => Promise.reject(new Error("sent once")),
  recordSuccess: () => undefined,
};

/** The configuration that all clients share. */
function sharedConfig(
  { region, credentials, throttledFor, connections, clock }: ServiceOptions,
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
  const once = { ...common, retryStrategy: SENT_ONCE };
  const provider =
    credentials?.(assumeBy(once)) ??
    // The chain of the environment repeats its own calls, by timers of the SDK.
    defaultProvider({
      clientConfig: { ...common, retryStrategy: patience(throttledFor, clock.random.fraction) },
    });
  return { ...once, credentials: withOwnFailures(provider, region) };
}

function assumeBy(clientConfig: object): AssumeRole {
  return async ({ arn, sessionName, region, token }) => {
    const { fromWebToken } = await import("@aws-sdk/credential-provider-web-identity");
    const provider = fromWebToken({
      roleArn: arn,
      roleSessionName: sessionName,
      webIdentityToken: token,
      clientConfig: { ...clientConfig, region },
      clientPlugins: [keptBeginnings, boundedAnswer()],
    });
    return await provider();
  };
}

const nothing = (): void => undefined;
const SILENT = { debug: nothing, info: nothing, warn: nothing, error: nothing };
