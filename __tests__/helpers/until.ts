import { setTimeout as sleep } from "node:timers/promises";

/** How long a test waits before it fails, in milliseconds: ample on the busiest machine. */
export const PATIENCE_MS = 60_000;
/** How long it waits for the end of a whole step, or of a program that runs one. */
export const LONG_PATIENCE_MS = 300_000;

/**
 * Looks until the condition holds, and fails after this time, with what was seen then. A look at all processes of the machine takes
 * milliseconds, so the pause grows with the look: to wait takes a tenth of a processor at most.
 */
export async function until(
  isSo: () => boolean,
  seen: () => string = () => "",
  patience = PATIENCE_MS,
): Promise<void> {
  const end = Date.now() + patience;
  for (;;) {
    const began = performance.now();
    if (isSo()) return;
    const took = performance.now() - began;
    if (Date.now() > end) throw new Error(`waited in vain for ${String(isSo)} ${seen()}`);
    await sleep(Math.min(Math.max(5, 9 * took), 100));
  }
}

/** Asks until the answer is the wanted one, and fails with the last one after a minute. */
export async function eventually<T>(ask: () => T | Promise<T>, wanted: unknown): Promise<void> {
  const end = Date.now() + PATIENCE_MS;
  for (let pause = 20; ; pause = Math.min(pause * 1.2, 200)) {
    const answer = await ask();
    try {
      expect(answer).toEqual(wanted);
      return;
    } catch (error) {
      if (Date.now() > end) throw error;
    }
    await sleep(pause);
  }
}

/** Asks until there is an answer, and fails after a minute with what it waited for. */
export async function waitForAnswer<T>(what: string, ask: () => Promise<T | undefined>): Promise<T> {
  const end = Date.now() + PATIENCE_MS;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (Date.now() > end) throw new Error(`waited in vain for ${what}`);
    await sleep(50);
  }
}

/** Settles as the promise does. Fails after a minute, with what it waited for and what was seen then. */
export async function inTime<T>(
  what: string,
  awaited: Promise<T>,
  {
    patience = PATIENCE_MS,
    seen = () => "",
  }: { readonly patience?: number; readonly seen?: () => string } = {},
): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`waited in vain for ${what} ${seen()}`)), patience);
    timer.unref();
  });
  try {
    return await Promise.race([awaited, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Lets tests wait for changes without looking again and again. */
export class Changes {
  readonly #patience: number;
  #waiting: (() => void)[] = [];

  constructor(patience = PATIENCE_MS) {
    this.#patience = patience;
  }

  /** Says that something has changed. */
  notify(): void {
    for (const wake of this.#waiting.splice(0)) wake();
  }

  /** Resolves as soon as the condition holds, and fails after a minute, with what was seen then. */
  async until(isSo: () => boolean, seen: () => string = () => ""): Promise<void> {
    const end = Date.now() + this.#patience;
    // A little later, since a timer may end a millisecond early.
    const late = setTimeout(() => this.notify(), this.#patience + 10);
    late.unref();
    try {
      while (!isSo()) {
        if (Date.now() > end) throw new Error(`waited in vain for ${String(isSo)} ${seen()}`);
        await new Promise<void>((resolve) => this.#waiting.push(resolve));
      }
    } finally {
      clearTimeout(late);
    }
  }
}
