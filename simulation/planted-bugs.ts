/** A row of the table of planted bugs in docs/simulation.md. */
export interface PlantedBug {
  /** Of its patch, without `.patch`. */
  readonly name: string;
  /** The first seed that shows it. */
  readonly seed: number;
  /** The rule that objects. */
  readonly rule: string;
}

export function plantedBugs(page: string): readonly PlantedBug[] {
  return [...page.matchAll(/^\| `([\w-]+)` +\| (\d+) +\| (.+?) +\|$/gm)].map(
    ([, name = "", seed, rule = ""]) => ({ name, seed: Number(seed), rule }),
  );
}
