import type { Shell } from "./shell.ts";

/** How often an attacher has seen that the job is held because too much of its output waits. The first time is told at once. */
export class Holds {
  #count = 0;
  #isHeld = false;

  async tell(shell: Shell, isHeld: boolean): Promise<void> {
    if (isHeld === this.#isHeld) return;
    this.#isHeld = isHeld;
    if (isHeld) this.#count += 1;
    if (this.#count > 1) return;
    await shell.mark(
      isHeld
        ? "n The job is held until more of its output has been read."
        : "n The job is not held any more. Further holds are counted.",
    );
  }

  async conclude(shell: Shell): Promise<void> {
    if (this.#count > 1) await shell.mark(`n The job was held ${this.#count} times.`);
  }
}
