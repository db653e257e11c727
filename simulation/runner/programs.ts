import type { ForwardRun } from "../../src/run/run-forward.ts";
import { ClientProgram } from "../programs/client.ts";
import { beginCarried } from "../programs/network.ts";
import type { ClientOptions } from "../scenario.ts";
import type { Base } from "../world/base.ts";
import type { Process } from "./process.ts";

/** A connection that is not over so long after the last program's plan is stuck. */
const STUCK_MS = 20 * 60_000;
/** How long the programs have when the ports are closed. */
const GRACE_MS = 5_000;

export interface ProgramsOptions {
  readonly runner: string;
  readonly clients: readonly ClientOptions[];
  /** Where the forwards lead. */
  readonly forwards: readonly string[];
}

/** The programs that use the forwards of a step, as a command behind `--` does. */
export class Programs implements ForwardRun {
  readonly #base: Base;
  readonly #process: Process;
  readonly #options: ProgramsOptions;

  constructor(base: Base, process: Process, options: ProgramsOptions) {
    this.#base = base;
    this.#process = process;
    this.#options = options;
  }

  readonly during = async (ports: readonly number[], over: AbortSignal): Promise<number> => {
    const { time, host } = this.#base;
    this.#base.timeline.note(this.#options.runner, `ports are open: ${ports.join(", ")}`);
    const openedAt = time.now;
    const programs = this.#options.clients.map((client) => this.#run(client, ports, openedAt));
    const lost = new Promise<void>((resolve) => {
      const end = (): void => void time.after(host, GRACE_MS, resolve);
      over.addEventListener("abort", end, { once: true });
      this.#process.onSignal(() => time.after(host, 0, resolve));
    });
    await Promise.race([Promise.all(programs), lost]);
    // The programs outlive a process that was killed. That goes on with nothing.
    if (this.#process.host.isDead) await new Promise(() => undefined);
    return 0;
  };

  async #run(client: ClientOptions, ports: readonly number[], openedAt: number): Promise<void> {
    const { time, host, timeline } = this.#base;
    const { runner, forwards } = this.#options;
    await time.sleep(host, client.at);
    const end = this.#process.ports.connect(ports[client.forward] ?? 0, host);
    if (end === undefined) return;
    const to = forwards[client.forward] ?? "";
    const planned = plannedMs(client, to);
    const carried = beginCarried(this.#base, { runner, to, openedAt, dueAt: time.now + planned });
    timeline.note(runner, `connection ${carried.number} to ${to} begins`);
    const program = new ClientProgram(this.#base, client, carried, end);
    program.begin();
    const late = time.after(host, planned + STUCK_MS, () => program.giveUp());
    await program.over;
    late();
    const { how, got, sent } = carried.client;
    timeline.note(runner, `connection ${carried.number} is ${how ?? "stuck"}: ${sent} there, ${got} back`);
  }
}

/** How long a connection takes without faults, at most. */
function plannedMs({ sends, pause = 0, idle = 0, reads }: ClientOptions, to: string): number {
  const [, kind, count = "0"] = /^(\w+?)(?:-(\d+))?\.internal$/.exec(to) ?? [];
  const bytes = kind === "source" || kind === "breaks" ? Number(count) : sends;
  const slow = kind === "slow" ? sends / Number(count) : 0;
  return 1_000 * (slow + (reads === undefined ? 0 : bytes / reads)) + idle + (pause * sends) / 16_384;
}
