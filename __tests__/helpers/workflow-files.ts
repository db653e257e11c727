import { existsSync, readdirSync, readFileSync } from "node:fs";
import { parse } from "yaml";

export interface Workflow {
  readonly permissions?: unknown;
  readonly jobs: Readonly<Record<string, Job>>;
}

export interface Job {
  readonly needs?: string;
  readonly permissions?: Readonly<Record<string, string>>;
  readonly uses?: string;
  readonly steps?: readonly Step[];
  readonly strategy?: { readonly matrix: Readonly<Record<string, unknown>> };
}

export interface Step {
  readonly name?: string;
  readonly run?: string;
  readonly uses?: string;
  readonly with?: Readonly<Record<string, unknown>>;
}

/** The workflows of this repository itself, and those that users may copy. */
export const ownWorkflows = workflowsIn(".github/workflows");
export const exampleWorkflows = workflowsIn("examples/workflows");

function workflowsIn(directory: string): readonly string[] {
  if (!existsSync(directory)) return [];
  const names = readdirSync(directory).filter((name) => name.endsWith(".yml"));
  return names.map((name) => `${directory}/${name}`);
}

export function workflowOf(path: string): Workflow {
  return parse(readFileSync(path, "utf8")) as Workflow;
}

/** The actions and reusable workflows that a text uses: `uses: name@version # comment`. */
export function usesIn(text: string): readonly Use[] {
  const found = text.matchAll(/^\s*(?:- )?uses: ([\w./-]+)@(\S+)(?: +# (\S+))?$/gm);
  return [...found].map(([, name = "", version = "", comment]) => ({ name, version, comment }));
}

export interface Use {
  readonly name: string;
  readonly version: string;
  /** The tag behind a commit, as Dependabot keeps it. */
  readonly comment: string | undefined;
}

/** The whole workflows among a page's examples. */
export function workflowsOf(page: string): readonly string[] {
  const blocks = [...readFileSync(page, "utf8").matchAll(/^```yaml\n([^]*?)^```$/gm)].map(
    ([, text = ""]) => text,
  );
  return blocks.filter((text) => /^jobs:$/m.test(text));
}
