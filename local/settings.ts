import { FIRST_READ_MS } from "./agent/pty.ts";
import type { ScriptedJob } from "./agent/scripted-container.ts";
import type { LayeredImage } from "./images/image.ts";

/** Delays of the local Fargate, in milliseconds: how long the steps of a task's life, the calls and the agent take. */
export interface Delays {
  /** PROVISIONING: the network interface. */
  readonly provisioning: number;
  /** PENDING: the image pull, between `pullStartedAt` and `pullStoppedAt`. */
  readonly pull: number;
  /** ACTIVATING: the containers run, but the task is not RUNNING yet. */
  readonly activating: number;
  /** From the arrival of a call, or of a client's upgrade at the gateway, to its execution: the round trip to AWS. */
  readonly call: number;
  /** From a container's start to the time when its ExecuteCommandAgent is RUNNING. */
  readonly agent: number;
  /** How long after that ExecuteCommand still answers TargetNotConnectedException, as AWS's ExecuteCommand may. */
  readonly connect: number;
  /** From the start of a session's command to the agent's first read of its output. */
  readonly firstRead: number;
  /** The longest pause between two health checks of a container, whose own interval is 5 s at least. */
  readonly health: number;
  /** How long a minute in a pause hook's time-out takes. */
  readonly hookMinute: number;
  readonly deactivating: number;
  readonly deprovisioning: number;
}

/** The options of the local Fargate, with the defaults filled in. */
export interface Settings {
  readonly region: string;
  readonly accountId: string;
  readonly delays: Delays;
  readonly stopTimeout: number | undefined;
  readonly sessionLimit: 1 | 2;
  readonly vcpus: number;
  readonly expressTold: "deployment" | "call";
  readonly throttle: boolean;
  readonly roleSessionSeconds: number;
  readonly hideCredentialsFromExec: boolean;
  readonly images: Readonly<Record<string, LayeredImage>>;
  readonly scripted: (task: number) => ScriptedJob | undefined;
  readonly runtime: "own" | "podman";
  readonly names: "local" | "aws";
  readonly log: (line: string) => void;
}

/** Delays for tests. */
export const quickDelays: Delays = {
  call: 0,
  provisioning: 20,
  pull: 20,
  activating: 20,
  agent: 40,
  connect: 0,
  firstRead: FIRST_READ_MS,
  health: 100,
  hookMinute: 60_000,
  deactivating: 10,
  deprovisioning: 10,
};

/** Delays for a demonstration. They have the proportions of AWS's delays, which are tens of seconds, but are shorter. */
export const visibleDelays: Delays = {
  call: 0,
  provisioning: 1500,
  pull: 2000,
  activating: 500,
  agent: 1500,
  connect: 500,
  firstRead: FIRST_READ_MS,
  health: 5_000,
  hookMinute: 60_000,
  deactivating: 500,
  deprovisioning: 1000,
};
