import { createReadStream } from "node:fs";
import { realpath } from "node:fs/promises";
import { join } from "node:path";
import { glob } from "tinyglobby";
import type { Log } from "../log.ts";
import { harmlessLine } from "../show/sanitise.ts";
import { CaseReader } from "./case-reader.ts";
import { CheckoutFiles } from "./checkout-files.ts";
import { Tally } from "./tally.ts";
import type { TestResults } from "./test-results.ts";
import { readXml } from "./xml.ts";

/** A directory that may hold reports: the artifacts, or those of one task or worker. */
export interface ReportDirectory {
  /** An absolute path. */
  readonly path: string;
  /** Tells the directory from others in names and messages, as in "task 3"; empty for the only one. */
  readonly label: string;
}

export interface ReportContext {
  /** An absolute path. */
  readonly workspace: string;
  /** The path from the workspace to the artifacts, which are no part of the checkout. */
  readonly except: string;
  readonly log: Pick<Log, "info" | "warning">;
  readonly signal: AbortSignal;
}

/** The most files of a step, and the most warnings of each kind. */
const MOST_FILES = 2_000;
const MOST_WARNINGS = 3;
/** The most characters of a file's name in a warning. */
const LONGEST_NAME = 300;
/** How long all files of a step may take, in milliseconds. */
const LONGEST_READ_MS = 60_000;

/**
 * Reads the JUnit XML that the globs match in the directories, and looks for the lines of failed tests in the workspace. The tests before
 * the fault of a broken file count, and a warning names the file. Never rejects.
 */
export async function readReports(
  directories: readonly ReportDirectory[],
  patterns: readonly string[],
  { workspace, except, log, signal }: ReportContext,
): Promise<TestResults> {
  const tally = new Tally();
  const until = AbortSignal.any([signal, AbortSignal.timeout(LONGEST_READ_MS)]);
  const found = await reportFiles(directories, patterns, log);
  const problems: string[] = [];
  let read = 0;
  for (const { directory, file } of found.slice(0, MOST_FILES)) {
    if (until.aborted) break;
    const { label, path } = directory;
    const prefix = label === "" ? "" : `${label}: `;
    const add: ConstructorParameters<typeof CaseReader>[0] = (test) => tally.add(test, file, prefix);
    const problem = await readFile(join(path, file), new CaseReader(add), until);
    if (problem !== undefined)
      problems.push(`Report ${harmlessLine(prefix + file, LONGEST_NAME)} ${problem}`);
    read += 1;
  }
  if (read < found.length && !signal.aborted)
    problems.unshift(
      `Of ${found.length} reports the first ${read} were read. The limits are ${MOST_FILES} reports and one minute.`,
    );
  warn(problems, log);
  const files = await CheckoutFiles.search(workspace, except, tally.locations);
  const results = tally.results((locations) => files.lineOf(locations));
  log.info(inWords(results, read));
  return results;
}

interface ReportFile {
  readonly directory: ReportDirectory;
  readonly file: string;
}

/** The regular files that the globs match, in the directories' order, then by their names. Warns of a glob that matches nothing in a directory. */
async function reportFiles(
  directories: readonly ReportDirectory[],
  patterns: readonly string[],
  log: Pick<Log, "warning">,
): Promise<readonly ReportFile[]> {
  const found: ReportFile[] = [];
  const missing: string[] = [];
  for (const directory of directories) {
    const files = new Set<string>();
    for (const pattern of patterns) {
      const matches = await matchesIn(directory.path, pattern);
      matches.forEach((file) => files.add(file));
      const where = directory.label === "" ? "" : ` of ${directory.label}`;
      if (matches.length === 0)
        missing.push(`'${pattern}' of 'reports' matches no file among the artifacts${where}.`);
    }
    found.push(...[...files].sort().map((file) => ({ directory, file })));
  }
  warn(missing, log);
  return found;
}

async function matchesIn(directory: string, pattern: string): Promise<readonly string[]> {
  const options = { dot: true, expandDirectories: false, followSymbolicLinks: false };
  try {
    const root = await realpath(directory);
    const files = await glob(pattern, { ...options, cwd: root });
    const real = await Promise.all(files.map((file) => realpath(join(root, file))));
    // The glob follows a link that the pattern names itself.
    return files.filter((file, i) => real[i] === join(root, file));
  } catch {
    // A directory that isn't there has no artifacts.
    return [];
  }
}

/** What is wrong with the file; undefined for one that was read to its end. */
async function readFile(path: string, reader: CaseReader, signal: AbortSignal): Promise<string | undefined> {
  const problem = await readXml(createReadStream(path, { signal }), reader);
  reader.end();
  if (problem === undefined) return undefined;
  const { line, column, what } = problem;
  return `was read up to line ${line}, column ${column}: ${what.replace(/\.$/, "")}. The tests before that count.`;
}

function warn(problems: readonly string[], log: Pick<Log, "warning">): void {
  const more = problems.length - MOST_WARNINGS;
  problems.slice(0, MOST_WARNINGS).forEach((problem) => log.warning(problem, "reports.md"));
  if (more > 0) log.warning(`… and ${more} more of this kind.`, "reports.md");
}

/** In one line, for the log. */
function inWords({ passed, failed, skipped, flaky }: TestResults, read: number): string {
  const again = flaky === 0 ? "" : ` (${flaky} when run again)`;
  return `Tests of ${read} ${read === 1 ? "report" : "reports"}: ${passed} passed${again}, ${failed} failed, ${skipped} skipped.`;
}
