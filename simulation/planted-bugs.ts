/** A row of the table of planted bugs in docs/simulation.md. */
export interface PlantedBug {
  /** Of its patch, without `.patch`. */
  readonly name: string;
  /** The first seed that shows it. */
  readonly seed: number;
  /** The rule that objects. */
  readonly rule: string;
  /** Whether a test near the change notices it, without a whole step: "yes", "no", or "" where nobody has looked. */
  readonly noticed: string;
}

const HEAD = ["Patch", "Found by seed", "The rule that objects", "A unit test notices"] as const;

export function plantedBugs(page: string): readonly PlantedBug[] {
  return [...page.matchAll(/^\| `([\w-]+)` +\| (\d+) +\| (.+?) +\|(?: (yes|no|) *\|)?$/gm)].map(
    ([, name = "", seed, rule = "", noticed = ""]) => ({ name, seed: Number(seed), rule, noticed }),
  );
}

/** The page with these rows as its table. */
export function withPlantedBugs(page: string, bugs: readonly PlantedBug[]): string {
  const rows = [...bugs]
    .sort((one, other) => one.name.localeCompare(other.name))
    .map(({ name, seed, rule, noticed }) => [`\`${name}\``, String(seed), rule, noticed] as const);
  const widths = HEAD.map((title, at) =>
    Math.max(...[HEAD, ...rows].map((row) => row[at]?.length ?? 0), title.length),
  );
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join(" | ")} |\n`;
  const table = line(HEAD) + line(widths.map((width) => "-".repeat(width))) + rows.map(line).join("");
  return page.replace(/^\| Patch .*\n(\|.*\n)*/m, () => table);
}
