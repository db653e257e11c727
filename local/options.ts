import type { GatewayBehaviour } from "./gateway/options.ts";
import type { Orders } from "./orders.ts";

/** How long each step of a task's life takes, in milliseconds. */
export interface Delays {
  /** PROVISIONING: the network interface. */
  readonly provisioning: number;
  /** PENDING: the image pull, between `pullStartedAt` and `pullStoppedAt`. */
  readonly pull: number;
  /** ACTIVATING: containers run, the task does not count as RUNNING yet. */
  readonly activating: number;
  /** From a container's start to its ExecuteCommandAgent being RUNNING. */
  readonly agent: number;
  /** How long after that ExecuteCommand still answers TargetNotConnectedException, as the real one may. */
  readonly connect: number;
  /** The longest pause between two health checks of a container, whose own interval is 5 s at least. */
  readonly health: number;
  readonly deactivating: number;
  readonly deprovisioning: number;
}

export interface LocalOptions {
  /** The message gateway's behaviour where AWS's is unknown or varies. */
  readonly gateway?: Partial<GatewayBehaviour>;
  /** Faults from the start. */
  readonly faults?: Orders;
  /** The only region; `us-east-1` unless given. */
  readonly region?: string;
  /** Tens of milliseconds in all unless given. */
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
  /** What runs the containers: this folder's own namespaces unless given, or podman with runc where that is installed. */
  readonly runtime?: "own" | "podman";
  /** Called with one line for each event. */
  readonly log?: (line: string) => void;
}

export interface Settings {
  readonly region: string;
  readonly accountId: string;
  readonly delays: Delays;
  readonly stopTimeout: number | undefined;
  readonly sessionLimit: 1 | 2;
  readonly throttle: boolean;
  readonly roleSessionSeconds: number;
  readonly hideCredentialsFromExec: boolean;
  readonly runtime: "own" | "podman";
  readonly log: (line: string) => void;
}

const quick: Delays = {
  provisioning: 20,
  pull: 20,
  activating: 20,
  agent: 40,
  connect: 0,
  health: 100,
  deactivating: 10,
  deprovisioning: 10,
};

/** Delays for a demonstration: in the proportions of the real ones, which are tens of seconds, but shorter. */
export const visibleDelays: Delays = {
  provisioning: 1500,
  pull: 2000,
  activating: 500,
  agent: 1500,
  connect: 500,
  health: 5_000,
  deactivating: 500,
  deprovisioning: 1000,
};

export function settingsFrom(options: LocalOptions): Settings {
  return {
    region: options.region ?? "us-east-1",
    // The account of moto's own resources.
    accountId: "123456789012",
    delays: { ...quick, ...options.delays },
    stopTimeout: options.stopTimeout,
    sessionLimit: options.sessionLimit ?? 2,
    throttle: options.throttle ?? false,
    roleSessionSeconds: options.roleSessionSeconds ?? 3_600,
    hideCredentialsFromExec: options.hideCredentialsFromExec ?? false,
    runtime: options.runtime ?? "own",
    log: options.log ?? (() => undefined),
  };
}
