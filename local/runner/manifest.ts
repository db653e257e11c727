import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parse } from "yaml";

/** The parts of an `action.yml` that the runner needs for a JavaScript action. */
export interface Manifest {
  readonly main: string;
  readonly post: string | undefined;
  /** The inputs' names as written, and their defaults, which may have expressions. */
  readonly inputs: ReadonlyMap<string, string>;
}

/** Each text, parsed. A parse takes 20 ms of processor time, and the steps of a job mostly have the same action. */
const parsed = new Map<string, unknown>();

export async function readManifest(actionDir: string): Promise<Manifest> {
  const text = await readFile(join(actionDir, "action.yml"), "utf8");
  if (!parsed.has(text)) parsed.set(text, parse(text));
  const manifest = parsed.get(text);
  const runs = field(manifest, "runs");
  const using = field(runs, "using");
  const main = field(runs, "main");
  const post = field(runs, "post");
  if (using !== "node24" || typeof main !== "string") {
    throw new Error(
      `action.yml in ${actionDir} must have runs.using: node24 and runs.main, got ${JSON.stringify(runs)}`,
    );
  }
  if (![undefined, "always()"].includes(field(runs, "post-if") as string | undefined)) {
    throw new Error("the emulated runner can't evaluate a post-if other than always()");
  }
  const inputs = Object.entries(field(manifest, "inputs") ?? {}).map(([name, input]): [string, string] => {
    const preset = field(input, "default") ?? "";
    return [name, typeof preset === "string" ? preset : JSON.stringify(preset)];
  });
  return { main, post: typeof post === "string" ? post : undefined, inputs: new Map(inputs) };
}

/** GitHub's context `strategy`, which an input's default may use. */
export type StrategyContext = Readonly<Record<string, string | number>>;

const evaluate = (preset: string, strategy: StrategyContext): string =>
  preset.replace("${{ toJSON(strategy) }}", () => JSON.stringify(strategy, null, 2));

/**
 * Fills in the defaults of inputs that are not given. The case of a name doesn't matter. `unexpected` has the names that are not in
 * `action.yml`.
 */
export function mergeInputs(
  manifest: Manifest,
  given: Readonly<Record<string, string>>,
  strategy: StrategyContext = {},
): { inputs: ReadonlyMap<string, string>; unexpected: readonly string[] } {
  const lower = (name: string): string => name.toLowerCase();
  const known = new Set([...manifest.inputs.keys()].map(lower));
  const names = new Set(Object.keys(given).map(lower));
  const defaults = [...manifest.inputs]
    .filter(([name]) => !names.has(lower(name)))
    .map(([name, preset]): [string, string] => [name, evaluate(preset, strategy)]);
  return {
    inputs: new Map([...Object.entries(given), ...defaults]),
    unexpected: Object.keys(given).filter((name) => !known.has(lower(name))),
  };
}

function field(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}
