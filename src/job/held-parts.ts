/** How many parts of archives all jobs of a process hold at the same time. Each part has 8 MiB at most. */
const MOST_HELD = 6;

let held = 0;
const waiting: (() => void)[] = [];

/** Resolves when one more part may be held. First come, first served: a job asks for its earlier parts first, so none gets stuck. */
export async function holdPart(): Promise<void> {
  if (held < MOST_HELD) held += 1;
  else await new Promise<void>((resolve) => waiting.push(resolve));
}

/** To be called once for each `holdPart`, when the part is held no more. */
export function releasePart(): void {
  const next = waiting.shift();
  if (next === undefined) held -= 1;
  else next();
}
