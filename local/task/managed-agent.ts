import { setTimeout as sleep } from "node:timers/promises";
import type { SessionRequest } from "../agent/agent.ts";
import type { Delays } from "../settings.ts";
import type { ContainerHandle } from "../agent/container-handle.ts";

/** The exec agent of one container. */
export interface Agent {
  startSession(request: SessionRequest): void;
  stop(): Promise<void>;
}

export interface AgentMaker {
  /** Whether the task role lets the agent register with the message gateway. */
  readonly mayConnect: () => Promise<boolean>;
  readonly make: (handle: ContainerHandle) => Agent;
}

const RETRY_DELAY = 500;

/** How an exec agent dies while its container lives. */
export interface AgentDeath {
  /** Milliseconds until it is started again; never unless given. */
  readonly backAfter?: number;
  /** The reason that DescribeTasks shows. */
  readonly reason?: string;
  /**
   * Whether DescribeTasks shows the agent as STOPPED; true unless given. If false, DescribeTasks goes on showing RUNNING, and only
   * ExecuteCommand's TargetNotConnectedException tells that the agent is gone.
   */
  readonly noticed?: boolean;
}

/** The ExecuteCommandAgent that ECS starts beside a container, as DescribeTasks shows it. */
export class ManagedAgent {
  lastStatus: "PENDING" | "RUNNING" | "STOPPED" = "PENDING";
  lastStartedAt: number | undefined;
  reason: string | undefined;
  /** Undefined until the agent takes sessions, which may be some time after RUNNING. */
  connected: Agent | undefined;
  readonly #stopped = new AbortController();
  #launch: () => Promise<void> = () => Promise.resolve();

  async start(handle: ContainerHandle, delays: Delays, { mayConnect, make }: AgentMaker): Promise<void> {
    const { signal } = this.#stopped;
    this.#launch = async () => {
      await sleep(delays.agent, undefined, { signal });
      this.lastStatus = "RUNNING";
      this.lastStartedAt = Date.now();
      await sleep(delays.connect, undefined, { signal });
      // The agent retries, and DescribeTasks shows RUNNING meanwhile.
      while (!(await mayConnect())) await sleep(RETRY_DELAY, undefined, { signal });
      this.connected = make(handle);
    };
    await this.#unlessStopped(this.#launch());
  }

  /** Stops the agent, with its container or alone. DescribeTasks then shows `reason`. */
  async stop(reason?: string): Promise<void> {
    this.lastStatus = "STOPPED";
    this.reason = reason;
    this.#stopped.abort();
    await this.#kill();
  }

  /**
   * Kills the agent and all its sessions, without a message to their clients. Resolves when they are gone. With `backAfter` the agent
   * is started again later.
   */
  async die({ backAfter, reason, noticed = true }: AgentDeath = {}): Promise<void> {
    if (noticed) {
      this.lastStatus = "STOPPED";
      this.reason = reason;
    }
    await this.#kill();
    if (backAfter !== undefined) void this.#unlessStopped(this.#comeBack(backAfter));
  }

  async #comeBack(after: number): Promise<void> {
    await sleep(after, undefined, { signal: this.#stopped.signal });
    if (this.lastStatus === "STOPPED") {
      this.lastStatus = "PENDING";
      this.reason = undefined;
    }
    await this.#launch();
  }

  async #kill(): Promise<void> {
    const agent = this.connected;
    this.connected = undefined;
    await agent?.stop();
  }

  async #unlessStopped(work: Promise<void>): Promise<void> {
    try {
      await work;
    } catch (error) {
      if (!this.#stopped.signal.aborted) throw error;
    }
  }
}
