import { join } from "node:path";
import { systemClock } from "../../../src/clock.ts";
import { readReports } from "../../../src/report/junit/read-reports.ts";
import type { TestResults } from "../../../src/report/junit/test-results.ts";
import { type Tree, withTree } from "../../payload/files/trees.ts";

/** The results of reading reports, and what the step logged meanwhile. */
export interface Reading {
  readonly results: TestResults;
  readonly warnings: readonly string[];
  readonly lines: readonly string[];
}

/** Reads these reports from `artifacts` in a workspace that has the files of `checkout`, each of a hundred lines. */
export async function readReportsIn(
  reports: Tree,
  checkout: readonly string[] = [],
  { patterns = ["**/*.xml"], tasks = [""], signal = new AbortController().signal, clock = systemClock } = {},
): Promise<Reading> {
  const warnings: string[] = [];
  const lines: string[] = [];
  const log = { info: (line: string) => lines.push(line), warning: (line: string) => warnings.push(line) };
  const artifacts = Object.entries(reports).map(([path, item]) => [`artifacts/${path}`, item] as const);
  const tree = {
    ...Object.fromEntries(artifacts),
    ...Object.fromEntries(checkout.map((path) => [path, { bytes: "\n".repeat(100) }])),
  };
  const results = await withTree(tree, async (workspace) => {
    const directories = tasks.map((label) => ({
      label,
      path: join(workspace, "artifacts", label.replace(" ", "-")),
    }));
    return await readReports(directories, patterns, {
      ...{ workspace, artifacts: join(workspace, "artifacts"), within: [workspace] },
      ...{ log, clock, signal },
    });
  });
  return { results, warnings, lines };
}

/** The failed tests, each with its file and line in the checkout. */
export function failedTests({ results }: Reading): readonly string[] {
  return results.failures.map(
    ({ name, at }) => `${name} at ${at === undefined ? "?" : `${at.file}:${at.line}`}`,
  );
}
