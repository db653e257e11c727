import type { Agent } from "node:http";
import type { CloudWatchLogsClient } from "@aws-sdk/client-cloudwatch-logs";
import type { ECSClient } from "@aws-sdk/client-ecs";
import type { KMSClient } from "@aws-sdk/client-kms";
import type { S3Client } from "@aws-sdk/client-s3";
import type { SSMClient } from "@aws-sdk/client-ssm";
import type { Clock } from "../clock.ts";
import type { Connections } from "./connections.ts";
import type { Credentials, CredentialsSource } from "./credentials.ts";
import type { Answer } from "./http.ts";
import type { RareService } from "./query-endpoint.ts";
import type { ObjectName, PresignedPost, WriteOptions } from "./s3.ts";
import type { SignedPost } from "./signed-post.ts";

/** The one method of an SDK's client that is used. */
export type Sender<Client extends { readonly send: unknown }> = Pick<Client, "send">;

/**
 * AWS's operations in AWS's shapes: the last part that a simulation replaces. Every request is sent once.
 *
 * What is inside: the form of a request, HTTP, signatures, endpoints, and the environment's chain of credentials, which also repeats its own
 * calls. What is outside, and is the same in a simulation: repeating a call (`AwsClients`), the renewal of a role's sessions, the pace of
 * calls, the choice of a region, and the failures that errors become.
 *
 * A `send` takes a command of the SDK, whose `input` is the request, and calls the provider of the credentials before it. It resolves with
 * the SDK's answer, which has `$metadata`, or rejects with an error of AWS's `name`, with its `$metadata.httpStatusCode`. An error of the
 * network has Node's `code`. An answer of S3 has the `Date` of its header as `$metadata.date`.
 */
export interface AwsServices {
  ecs(): Promise<Sender<ECSClient>>;
  s3(region: string): Promise<Sender<S3Client>>;
  logs(): Promise<Sender<CloudWatchLogsClient>>;
  kms(): Promise<Sender<KMSClient>>;
  ssm(): Promise<Sender<SSMClient>>;
  /** The present credentials, renewed before they expire. */
  credentials(): Promise<Credentials>;
  presignGet(object: ObjectName, seconds: number): Promise<string>;
  /** The form has the field `key`, which stands for any key below the folder. */
  presignPost(folder: ObjectName, limits: PostLimits): Promise<PresignedPost>;
  /** Where a service is called, and the region for its signatures. */
  endpoint(service: RareService, region: string): Promise<SignedPost["to"]>;
  /** Resolves with the answer, whatever its status. Rejects with an error of Node when there is none. */
  post(request: SignedPost): Promise<Answer>;
  /** Headers that sign the upgrade of a session's socket, at `now` (milliseconds since the epoch). */
  signUpgrade(url: string, now: number): Promise<Readonly<Record<string, string>>>;
  /** The endpoints that the environment names. A message gateway there is trusted like AWS's own. */
  gatewayEndpoints(): readonly string[];
  /** Node's agent for the upgrade of a session's socket; undefined when none is needed. */
  agent(url: string): Promise<Agent | undefined>;
  /** Opens connections for requests that are to come. Never rejects. */
  openAhead(urls: readonly string[]): Promise<void>;
  /** Closes idle connections. */
  destroy(): void;
}

export interface PostLimits extends WriteOptions {
  readonly seconds: number;
  readonly largest: number;
}

export interface ServiceOptions {
  readonly region: string;
  /** The credentials; undefined for those of the environment. */
  readonly credentials: CredentialsSource | undefined;
  /** Requests under way reject when it aborts. */
  readonly signal: AbortSignal | undefined;
  /** The connections that these clients share with others; undefined when each client has its own. */
  readonly connections: Connections | undefined;
  /** How long a throttled call for the environment's credentials is repeated, in milliseconds. */
  readonly throttledFor: number | undefined;
  readonly clock: Clock;
}
