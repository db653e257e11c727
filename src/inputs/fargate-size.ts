/** The part of a task's size that Fargate doesn't have. */
export interface SizeFault {
  readonly name: "cpu" | "memory";
  /** What Fargate has instead, as words that follow "must be". */
  readonly must: string;
}

/** For each number of CPU units, the sizes of memory in MiB that Fargate has with it (AWS: "Task size"). */
const SIZES: readonly (readonly [number, readonly number[]])[] = [
  [256, [512, 1_024, 2_048]],
  [512, steps(1_024, 4_096, 1_024)],
  [1_024, steps(2_048, 8_192, 1_024)],
  [2_048, steps(4_096, 16_384, 1_024)],
  [4_096, steps(8_192, 30_720, 1_024)],
  [8_192, steps(16_384, 61_440, 4_096)],
  [16_384, steps(32_768, 122_880, 8_192)],
];
const MOST_UNITS = 16_384;
const MOST_MEMORY = 122_880;

/**
 * Undefined when Fargate has a size with these CPU units and this memory in MiB. A value that is not given fits any other. Sizes
 * beyond the largest known ones are left to AWS, which may have more by now.
 */
export function fargateSizeFault(
  units: number | undefined,
  memory: number | undefined,
): SizeFault | undefined {
  if ((units ?? 0) > MOST_UNITS || (units === undefined && (memory ?? 0) > MOST_MEMORY)) return undefined;
  const fitting = SIZES.filter(([known]) => units === undefined || units === known);
  if (fitting.length === 0)
    return { name: "cpu", must: `${listNumbers(SIZES.map(([known]) => known))} units, as Fargate has them` };
  if (memory === undefined || fitting.some(([, sizes]) => sizes.includes(memory))) return undefined;
  const [only] = units === undefined ? [] : fitting;
  return {
    name: "memory",
    must:
      only === undefined
        ? "512 MiB or a number of whole GB that Fargate has, such as 2 GB"
        : `${inWords(only[1])}, as Fargate has them with ${only[0]} CPU units`,
  };
}

/** The least CPU units that Fargate has with this much memory. */
export function leastUnits(memory: number): number {
  return SIZES.find(([, sizes]) => sizes.includes(memory))?.[0] ?? MOST_UNITS;
}

function steps(first: number, last: number, step: number): readonly number[] {
  return Array.from({ length: (last - first) / step + 1 }, (_, index) => first + index * step);
}

function inWords(sizes: readonly number[]): string {
  const [first = 0, second = 0] = sizes;
  if (sizes.length < 5) return `${listNumbers(sizes)} MiB`;
  return `${first} to ${String(sizes.at(-1))} MiB in steps of ${second - first}`;
}

function listNumbers(numbers: readonly number[]): string {
  return `${numbers.slice(0, -1).join(", ")} or ${String(numbers.at(-1))}`;
}
