import type { Container } from "../../container/container.ts";
import type { Base } from "../base.ts";
import type { Definition } from "./definitions.ts";

/** From the end of a task's containers to STOPPED. */
const DEPROVISIONING_MS = 2_000;

/** What ECS tells of a task at a time. */
export interface TaskState {
  readonly lastStatus: string;
  readonly desiredStatus: "RUNNING" | "STOPPED";
  readonly containerStatus: "PENDING" | "RUNNING" | "STOPPED";
  readonly agentStatus: "PENDING" | "RUNNING" | "STOPPED";
  readonly hasAddress: boolean;
  readonly pullStartedAt?: number;
  readonly pullStoppedAt?: number;
  readonly startedAt?: number;
  readonly stopCode?: string;
  readonly stoppedReason?: string;
  /** Why the container has not started, or its agent does not run. */
  readonly reason?: string;
  readonly exitCode?: number;
}

/** What does not change in a task's life. */
export interface TaskIdentity {
  /** Such as `container 0` or `task 1 of runner 0`: the address of its faults. */
  readonly name: string;
  readonly id: string;
  readonly arn: string;
  readonly createdAt: number;
  readonly definition: Pick<Definition, "arn" | "family">;
  readonly group: string;
  readonly startedBy?: string | undefined;
  /** The runner that has started it; undefined for one that nobody's step has. */
  readonly owner?: string | undefined;
  readonly overrides?: Readonly<Record<string, unknown>>;
  readonly capacityProvider?: string | undefined;
}

/** A task with one container. */
export class Task {
  readonly identity: TaskIdentity;
  /** Undefined until the container has started. */
  container: Container | undefined;
  /** Who has asked ECS to stop it first: a runner, or the world. */
  stoppedBy: string | undefined;
  /** When it was decided that it stops. */
  stoppedAt: number | undefined;
  /** Each call that has changed its protection from its service: whose, when, and until when it is protected; undefined when that has ended it. */
  readonly protections: {
    readonly by: string;
    readonly at: number;
    readonly until: number | undefined;
  }[] = [];
  /** Called when it is decided that it stops. */
  onStop: () => void = () => undefined;
  /** When the exec agent takes sessions. */
  connectedAt = 0;
  readonly #base: Base;
  readonly #states: { readonly at: number; readonly state: TaskState }[];

  constructor(base: Base, identity: TaskIdentity, state: TaskState) {
    this.#base = base;
    this.identity = identity;
    this.#states = [{ at: identity.createdAt, state }];
  }

  /** That of its image. ECS tells it when the image was pulled. */
  get imageDigest(): string {
    const { time, options } = this.#base;
    const isNew = this.identity.createdAt - (time.now - time.elapsed) >= (options.retagsAt ?? Infinity);
    return `sha256:${(isNew ? "b" : "a").repeat(64)}`;
  }

  get name(): string {
    return this.identity.name;
  }

  get state(): TaskState {
    return (this.#states.at(-1) as { state: TaskState }).state;
  }

  /** What ECS's answers tell, which are `lag` behind; undefined when they don't have the task yet. */
  seen(lag: number): TaskState | undefined {
    const at = this.#base.time.now - lag;
    return this.#states.findLast((each) => each.at <= at)?.state;
  }

  change(change: Partial<TaskState>): void {
    const state = { ...this.state, ...change };
    if (change.lastStatus !== undefined && change.lastStatus !== this.state.lastStatus)
      this.#base.timeline.note("world", `${this.name} is ${change.lastStatus}`);
    this.#states.push({ at: this.#base.time.now, state });
  }

  /** ECS stops the task: TERM to PID 1, then the end of all processes. A second stop does nothing. */
  stop(by: string, stopCode: string, stoppedReason: string): void {
    if (this.state.desiredStatus === "STOPPED") return;
    this.stoppedBy = by;
    this.stoppedAt = this.#base.time.now;
    this.#base.timeline.note("world", `${this.name} is stopped: ${stopCode}`);
    if (this.container === undefined) {
      this.fail(stopCode, stoppedReason);
      return;
    }
    this.onStop();
    this.change({ desiredStatus: "STOPPED", lastStatus: "DEACTIVATING", stopCode, stoppedReason });
    this.container.term();
  }

  /** The task ends before its container has run. */
  fail(stopCode: string, stoppedReason: string, reason?: string): void {
    this.stoppedAt ??= this.#base.time.now;
    this.onStop();
    this.change({
      ...{ desiredStatus: "STOPPED", lastStatus: "DEPROVISIONING", stopCode, stoppedReason },
      ...{ containerStatus: "STOPPED", agentStatus: "STOPPED", ...(reason !== undefined && { reason }) },
    });
    this.#deprovision();
  }

  /** PID 1 has ended. */
  ended(exitCode: number): void {
    const { stopCode = "EssentialContainerExited", stoppedReason = "Essential container in task exited" } =
      this.state;
    this.stoppedAt ??= this.#base.time.now;
    if (this.state.desiredStatus === "RUNNING") this.onStop();
    this.change({
      ...{ desiredStatus: "STOPPED", lastStatus: "DEPROVISIONING", stopCode, stoppedReason, exitCode },
      ...{ containerStatus: "STOPPED", agentStatus: "STOPPED" },
    });
    this.#deprovision();
  }

  #deprovision(): void {
    this.#base.time.after(this.#base.host, DEPROVISIONING_MS, () => this.change({ lastStatus: "STOPPED" }));
  }
}
