import { setTimeout as sleep } from "node:timers/promises";
import { Pty } from "../agent/pty.ts";
import type { HealthCheckDefinition } from "../ecs-shapes.ts";
import { python } from "../python.ts";
import { deferred } from "../agent/deferred.ts";
import type { ContainerHandle } from "../agent/container-handle.ts";

export type Health = "UNKNOWN" | "HEALTHY" | "UNHEALTHY";

/** A container's health check, by Docker's rules. Failures during the start period don't count. */
export class HealthCheck {
  status: Health = "UNKNOWN";
  /** Resolves with the first status other than UNKNOWN. */
  readonly known: Promise<Health>;
  readonly #known = deferred<Health>();
  readonly #definition: HealthCheckDefinition;
  readonly #longest: number;

  /** `longest` is the longest pause between two checks, in milliseconds. */
  constructor(definition: HealthCheckDefinition, longest: number) {
    this.#definition = definition;
    this.#longest = longest;
    this.known = this.#known.promise;
  }

  /** Repeats the check until the container ends. */
  async watch(handle: ContainerHandle, exited: Promise<unknown>): Promise<void> {
    const { interval = 30, retries = 3, startPeriod = 0 } = this.#definition;
    const over = exited.then(() => true);
    const began = Date.now();
    for (let failures = 0; ;) {
      const pause = sleep(Math.min(interval * 1000, this.#longest), false, { ref: false });
      if (await Promise.race([over, pause])) return;
      if (await this.#passes(handle)) {
        failures = 0;
        this.#become("HEALTHY");
      } else if (Date.now() - began >= startPeriod * 1000) {
        failures += 1;
        if (failures >= retries) this.#become("UNHEALTHY");
      }
    }
  }

  #become(status: Health): void {
    this.status = status;
    this.#known.resolve(status);
  }

  async #passes(handle: ContainerHandle): Promise<boolean> {
    const { command, timeout = 5 } = this.#definition;
    const [kind, ...words] = command;
    const argv = kind === "CMD-SHELL" ? ["/bin/sh", "-c", words.join(" ")] : words;
    const late = sleep(timeout * 1000, false, { ref: false });
    const passed = Pty.run(handle, python, { argv, env: handle.env }).then(
      ({ status }) => status === 0,
      () => false,
    );
    return await Promise.race([passed, late]);
  }
}
