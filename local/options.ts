import type { GatewayBehaviour } from "./gateway/options.ts";
import type { ScriptedJob } from "./agent/scripted-container.ts";
import type { Orders } from "./orders.ts";
import type { LayeredImage } from "./images/image.ts";
import { type Delays, quickDelays, type Settings } from "./settings.ts";

export interface LocalOptions {
  /** The message gateway's behaviour when AWS's is unknown or varies. */
  readonly gateway?: Partial<GatewayBehaviour>;
  /** Faults from the start. */
  readonly faults?: Orders;
  /** The only region; `us-east-1` unless given. */
  readonly region?: string;
  /** The defaults add up to tens of milliseconds. */
  readonly delays?: Partial<Delays>;
  /** Milliseconds from SIGTERM to SIGKILL, instead of the container definitions' `stopTimeout`. */
  readonly stopTimeout?: number;
  /** How many sessions one exec agent runs at once; 2 unless given. The agent's default configuration says 2, AWS's documentation 1. */
  readonly sessionLimit?: 1 | 2;
  /** How many vCPUs the account may run on Fargate at once; any number unless given. */
  readonly vcpus?: number;
  /**
   * Where an Express service's task definition and network stand: in its primary `deployment` (the default), or in DescribeExpressGatewayService
   * alone (`call`). What AWS does is known for the task definition only, from one report.
   */
  readonly expressTold?: "deployment" | "call";
  /** Whether calls beyond the published rates of the ECS API are refused with ThrottlingException. */
  readonly throttle?: boolean;
  /** How long the keys of STS are valid, in seconds: an hour unless given. AWS's minimum is 15 minutes. */
  readonly roleSessionSeconds?: number;
  /** Whether commands of sessions lack the credential variables; PID 1 still has them in /proc/1/environ. */
  readonly hideCredentialsFromExec?: boolean;
  /** The caller's own images, by the last part of their repositories, such as `shop` for `example.com/shop:1`. Not with podman. */
  readonly images?: Readonly<Record<string, LayeredImage>>;
  /**
   * Called for each task, with its number in the order of starts, from 0. When it returns a job, the task has no processes: its
   * containers have this job, and their agents answer as the payload does. A machine can hold a thousand such tasks. When it returns
   * undefined, the task really runs. Without this option all tasks run.
   */
  readonly scripted?: (task: number) => ScriptedJob | undefined;
  /**
   * What runs the containers: `own` (the default) isolates them by namespaces in `task/isolate.ts`; `podman` needs podman and runc.
   */
  readonly runtime?: "own" | "podman";
  /**
   * How clients and containers reach the local Fargate. `local` (the default): by its own address. `aws`: by AWS's host names, which
   * the caller's DNS and TLS servers lead here. Then the gateway's address has AWS's name, and containers get no `AWS_ENDPOINT_URL`.
   */
  readonly names?: "local" | "aws";
  /** Called with one line for each event. */
  readonly log?: (line: string) => void;
}

export function settingsFrom(options: LocalOptions): Settings {
  return {
    region: options.region ?? "us-east-1",
    // moto makes its own resources in this account.
    accountId: "123456789012",
    delays: { ...quickDelays, ...options.delays },
    stopTimeout: options.stopTimeout,
    sessionLimit: options.sessionLimit ?? 2,
    vcpus: options.vcpus ?? Infinity,
    expressTold: options.expressTold ?? "deployment",
    throttle: options.throttle ?? false,
    roleSessionSeconds: options.roleSessionSeconds ?? 3_600,
    hideCredentialsFromExec: options.hideCredentialsFromExec ?? false,
    images: options.images ?? {},
    scripted: options.scripted ?? (() => undefined),
    runtime: options.runtime ?? "own",
    names: options.names ?? "local",
    log: options.log ?? (() => undefined),
  };
}
