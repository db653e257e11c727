/** Prints a figure beside its bar. `npm run bench bars` shows these lines alone. */
export function row(what: string, seen: string, bar: string, holds: boolean): void {
  console.log(`${ROW}${holds ? "holds " : "MISSES"} | ${what} | ${seen} | bar ${bar}`);
}

/** Prints a figure that has no bar. */
export function figure(what: string, seen: string): void {
  console.log(`${ROW}       | ${what} | ${seen} | no bar`);
}

/** What a line of `row` or `figure` begins with. */
export const ROW = "| ";

/** The middle one of several figures, or the upper one of two. */
export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
}

/** The 99th percentile unless another share is given. Of few values it is the largest. */
export function percentile(values: readonly number[], share = 0.99): number {
  return values.toSorted((a, b) => a - b)[Math.ceil(values.length * share) - 1] ?? NaN;
}

/** The median with the range of the values, such as `12 ms (10 to 15)`. */
export function range(ms: readonly number[]): string {
  return `${median(ms).toFixed(0)} ms (${Math.min(...ms).toFixed(0)} to ${Math.max(...ms).toFixed(0)})`;
}
