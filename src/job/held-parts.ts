/** How many parts of archives a process holds at the same time, of all its jobs together. Each has 8 MiB at most. */
const MOST_HELD = 6;

let held = 0;
const waiting: (() => void)[] = [];

/** Resolves when one part more may be held. First come, first served, so a job whose earlier parts are held gets on. */
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
