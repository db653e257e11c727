import type { GatewayBehaviour } from "./gateway/options.ts";
import type { ScriptedJob } from "./agent/scripted-container.ts";
import type { Orders } from "./orders.ts";
import type { LayeredImage } from "./task/images.ts";
import { type Delays, quickDelays, type Settings } from "./settings.ts";

export interface LocalOptions {
  /** The message gateway's behaviour when AWS's is unknown or varies. */
  readonly gateway?: Partial<GatewayBehaviour>;
  /** Faults from the start. */
  readonly faults?: Orders;
  /** The only region; `us-east-1` unless given. */
  readonly region?: string;
  /** By default tens of milliseconds in all. */
  readonly delays?: Partial<Delays>;
  /** Milliseconds from SIGTERM to SIGKILL, instead of what the container definitions say. */
  readonly stopTimeout?: number;
  /** Sessions that one exec agent runs at once: the default configuration says 2, the documentation 1. */
  readonly sessionLimit?: 1 | 2;
  /** Refuse calls beyond the published rates of the ECS API with ThrottlingException. */
  readonly throttle?: boolean;
  /** How long the keys of STS are valid, in seconds: an hour unless given. AWS's minimum is 15 minutes. */
  readonly roleSessionSeconds?: number;
  /** Leave the credential variables out of the environment of exec'd commands; PID 1 still has them in /proc/1/environ. */
  readonly hideCredentialsFromExec?: boolean;
  /** Images by the last part of their repositories, such as `shop` for `example.com/shop:1`. Not with podman. */
  readonly images?: Readonly<Record<string, LayeredImage>>;
  /**
   * The job of each container of a task that is to have no processes, by the task's number in the order of their starts, from 0. Its
   * agent answers as the payload does, so that a machine can hold a thousand of them. Undefined: a task that really runs, as each
   * does unless this is given.
   */
  readonly scripted?: (task: number) => ScriptedJob | undefined;
  /**
   * What runs the containers: by default this folder's own namespaces, or podman with runc when that is installed.
   */
  readonly runtime?: "own" | "podman";
  /**
   * By which names clients and containers reach it: by its own address, or by AWS's names, which lead here by a DNS and a
   * TLS server of the caller's. Then the gateway's address has AWS's name, and containers get no `AWS_ENDPOINT_URL`.
   */
  readonly names?: "local" | "aws";
  /** Called with one line for each event. */
  readonly log?: (line: string) => void;
}

export function settingsFrom(options: LocalOptions): Settings {
  return {
    region: options.region ?? "us-east-1",
    // The account of moto's own resources.
    accountId: "123456789012",
    delays: { ...quickDelays, ...options.delays },
    stopTimeout: options.stopTimeout,
    sessionLimit: options.sessionLimit ?? 2,
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
