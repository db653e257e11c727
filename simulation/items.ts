import type { RunnerOptions } from "./scenario.ts";

/** What the script does for an item: it says so, waits, and ends. An item of the input `items` is its text. */
export interface ItemProgram {
  /** Such as `r0 i3`. */
  readonly name: string;
  /** In milliseconds. */
  readonly wait: number;
  /** Of its first run, its second one, and so on. The last one is that of all later runs. */
  readonly exitCodes: readonly number[];
}

export function itemText({ name, wait, exitCodes }: ItemProgram): string {
  return `${name} wait ${wait} exit ${exitCodes.join(",")}`;
}

/** The item with this text. Undefined for any other text. */
export function parseItem(text: string): ItemProgram | undefined {
  const [, name = "", wait, codes = ""] = /^(r\d+ i\d+) wait (\d+) exit (\d+(?:,\d+)*)$/.exec(text) ?? [];
  return wait === undefined
    ? undefined
    : { name, wait: Number(wait), exitCodes: codes.split(",").map(Number) };
}

/** The exit code of the run with this number, from 1. */
export function codeOfRun({ exitCodes }: ItemProgram, attempt: number): number {
  return exitCodes[Math.min(attempt, exitCodes.length) - 1] ?? 0;
}

/** The items of a step; empty for a step without. */
export function itemsOf({ inputs }: Pick<RunnerOptions, "inputs">): readonly string[] {
  return (inputs["items"] ?? "").split("\n").filter((line) => line !== "");
}
