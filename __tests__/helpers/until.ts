import { setTimeout as sleep } from "node:timers/promises";

/** Waits until `isSo`, and fails after half a minute with what `seen` says. */
export async function until(isSo: () => boolean, seen: () => string = () => ""): Promise<void> {
  const end = Date.now() + 30_000;
  while (!isSo()) {
    if (Date.now() > end) throw new Error(`waited in vain for ${String(isSo)} ${seen()}`);
    await sleep(5);
  }
}

/** Asks until the answer is the expected one, and fails with the last answer after a while. */
export async function eventually<T>(
  ask: () => T | Promise<T>,
  wanted: unknown,
  patience = 5_000,
): Promise<void> {
  const end = Date.now() + patience;
  for (;;) {
    const answer = await ask();
    try {
      expect(answer).toEqual(wanted);
      return;
    } catch (error) {
      if (Date.now() > end) throw error;
    }
    await sleep(20);
  }
}
