import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parse } from "yaml";

/** The parts of an `action.yml` that the runner needs for a JavaScript action. */
export interface Manifest {
  readonly main: string;
  readonly post: string | undefined;
  /** Names of inputs as written, with their defaults. */
  readonly inputs: ReadonlyMap<string, string>;
}

export async function readManifest(actionDir: string): Promise<Manifest> {
  const manifest: unknown = parse(await readFile(join(actionDir, "action.yml"), "utf8"));
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
    throw new Error("this runner knows no other post-if than always()");
  }
  const inputs = Object.entries(field(manifest, "inputs") ?? {}).map(([name, input]): [string, string] => {
    const preset = field(input, "default") ?? "";
    return [name, typeof preset === "string" ? withoutContexts(preset) : JSON.stringify(preset)];
  });
  return { main, post: typeof post === "string" ? post : undefined, inputs: new Map(inputs) };
}

/** The default of an input as act has it: a context that a default may use is empty there. */
function withoutContexts(preset: string): string {
  return preset.replace(/\$\{\{ strategy\.[\w-]+ \}\}/g, "");
}

/** Fills in defaults. The case of a name doesn't matter. `unexpected` holds the names that `action.yml` does not have. */
export function mergeInputs(
  manifest: Manifest,
  given: Readonly<Record<string, string>>,
): { inputs: ReadonlyMap<string, string>; unexpected: readonly string[] } {
  const lower = (name: string): string => name.toLowerCase();
  const known = new Set([...manifest.inputs.keys()].map(lower));
  const names = new Set(Object.keys(given).map(lower));
  const defaults = [...manifest.inputs].filter(([name]) => !names.has(lower(name)));
  return {
    inputs: new Map([...Object.entries(given), ...defaults]),
    unexpected: Object.keys(given).filter((name) => !known.has(lower(name))),
  };
}

function field(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}
