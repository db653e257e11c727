import { setTimeout as sleep } from "node:timers/promises";
import type { TranscriptTarget } from "../agent/agent.ts";
import type { Delays } from "../options.ts";
import type { ContainerHandle } from "./container.ts";

/** The exec agent of one container. */
export interface Agent {
  startSession(request: { sessionId: string; command: string; transcript?: TranscriptTarget }): void;
  stop(): Promise<void>;
}

/** The ExecuteCommandAgent that ECS starts beside a container, as DescribeTasks shows it. */
export class ManagedAgent {
  lastStatus: "PENDING" | "RUNNING" | "STOPPED" = "PENDING";
  lastStartedAt: number | undefined;
  reason: string | undefined;
  /** Undefined until the agent takes sessions, which may be later than RUNNING. */
  connected: Agent | undefined;
  readonly #stopped = new AbortController();

  async start(
    handle: ContainerHandle,
    delays: Delays,
    make: (handle: ContainerHandle) => Agent,
  ): Promise<void> {
    const { signal } = this.#stopped;
    try {
      await sleep(delays.agent, undefined, { signal });
      this.lastStatus = "RUNNING";
      this.lastStartedAt = Date.now();
      await sleep(delays.connect, undefined, { signal });
      this.connected = make(handle);
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  /** With its container, or by itself when a fault is to be shown; `reason` is what DescribeTasks then says. */
  async stop(reason?: string): Promise<void> {
    this.lastStatus = "STOPPED";
    this.reason = reason;
    this.#stopped.abort();
    const agent = this.connected;
    this.connected = undefined;
    await agent?.stop();
  }
}
