import { closeSync } from "node:fs";
import { relative, sep } from "node:path";
import { openWay } from "../artifacts/directory.ts";
import { readChunks } from "../../inputs/beneath/read-chunks.ts";
import { namesIn, type Way } from "../../inputs/beneath/way.ts";
import { withinTime } from "../../waiting.ts";
import type { Clock } from "../../clock.ts";
import type { Log } from "../../log.ts";
import { harmlessLine } from "../show/sanitise.ts";
import { CaseReader } from "./case-reader.ts";
import { CheckoutFiles, MOST_DIRECTORIES } from "./checkout-files.ts";
import { matchingFiles } from "./matching-files.ts";
import { Tally } from "./tally.ts";
import type { TestResults } from "./test-results.ts";
import { readXml } from "./xml.ts";

/** A directory that may hold reports: the artifacts, or those of one task, or what an item has written. */
export interface ReportDirectory {
  /** An absolute path. */
  readonly path: string;
  /** Tells the directory from others in names and messages, as in "task 3" or "item 3 'a'"; empty for the only one. */
  readonly label: string;
  /** Whether what is below this name in it is left out. */
  readonly leavesOut?: ((name: string) => boolean) | undefined;
}

export interface ReportContext {
  /** An absolute path. */
  readonly workspace: string;
  /** The directory of the artifacts, which are no part of the checkout: an absolute path. */
  readonly artifacts: string;
  /** The directories that may hold it. */
  readonly within: readonly string[];
  /** A glob need not match in each of the directories, but in one of them. */
  readonly isAnywhere?: boolean | undefined;
  readonly log: Pick<Log, "info" | "warning">;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** The most files of a step, and the most warnings of each kind. */
const MOST_FILES = 20_000;
const MOST_WARNINGS = 3;
/** The most characters of a file's name in a warning. */
const LONGEST_NAME = 300;
/** How long finding and reading all files of a step may take, with the lines of failed tests, in milliseconds. */
const LONGEST_READ_MS = 60_000;
const TOO_LONG =
  "No report was read: looking for the files of 'reports' among the artifacts took more than one minute. Let its globs begin with the directory of the reports.";
const UNLOCATED =
  "Not all lines of failed tests were looked for in the workspace: reading the reports and looking for the lines took more than one minute.";
const TOO_MANY = `No line of a failed test was looked for in the workspace: it has more than ${MOST_DIRECTORIES} directories. Let an earlier step remove, or put elsewhere, those that the checkout doesn't have.`;

/**
 * Reads the JUnit XML that the globs match in the directories, and looks for the lines of failed tests in the workspace. The tests before
 * the fault of a broken file count, and a warning names the file. Never rejects.
 */
export async function readReports(
  directories: readonly ReportDirectory[],
  patterns: readonly string[],
  { workspace, artifacts, within, isAnywhere, log, clock, signal }: ReportContext,
): Promise<TestResults> {
  const tally = new Tally();
  return await withinTime(LONGEST_READ_MS, clock, async (late) => {
    const until = AbortSignal.any([signal, late]);
    const context = { within, isAnywhere, log, clock, signal, until };
    const read = await readAll(await reportFiles(directories, patterns, context), tally, context);
    const results = await locate(tally, workspace, realPath(artifacts, within), context);
    log.info(inWords(results, read));
    return results;
  });
}

interface Reading extends Pick<ReportContext, "within" | "isAnywhere" | "log" | "clock" | "signal"> {
  /** Aborts with the signal, and when the time is over. */
  readonly until: AbortSignal;
}

interface FilesOfDirectory extends ReportDirectory {
  /** The paths in the directory. */
  readonly files: readonly string[];
}

/** Counts the tests of these files, and warns of files that are broken. Returns how many were read. */
async function readAll(
  found: readonly FilesOfDirectory[],
  tally: Tally,
  { within, log, clock, signal, until }: Reading,
): Promise<number> {
  const problems: string[] = [];
  const all = found.reduce((count, { files }) => count + files.length, 0);
  let read = 0;
  for (const { path, label, files } of found) {
    // One directory is open at a time: each item may have one.
    const way = openWay(path, within);
    for (const file of files) {
      if (until.aborted || read >= MOST_FILES || way === undefined) break;
      const prefix = label === "" ? "" : `${label}: `;
      const add: ConstructorParameters<typeof CaseReader>[0] = (test) => tally.add(test, file, prefix);
      const problem = await readFile({ way, file }, new CaseReader(add), { clock, signal: until });
      if (problem !== undefined)
        problems.push(`Report ${harmlessLine(prefix + file, LONGEST_NAME)} ${problem}`);
      read += 1;
    }
    way?.close();
  }
  if (read < all && !signal.aborted)
    problems.unshift(
      `Of ${all} reports the first ${read} were read. The limits are ${MOST_FILES} reports and one minute.`,
    );
  warn(problems, log);
  return read;
}

/**
 * The results, with the lines of the workspace that the tests name. `artifacts` is no part of it. Warns when the time ends before all lines were looked
 * for, and when the workspace has too many directories for that.
 */
async function locate(
  tally: Tally,
  workspace: string,
  artifacts: string,
  { log, clock, signal, until }: Reading,
): Promise<TestResults> {
  const way = openWay(workspace, [workspace]);
  try {
    const except = relative(way?.root.path ?? workspace, artifacts).replaceAll(sep, "/");
    const context = { clock, signal: until };
    const files = await CheckoutFiles.search(way, except, tally.locations, context);
    const results = await tally.results((locations) => files.lineOf(locations, context));
    if (!files.isComplete) warn([TOO_MANY], log);
    else if (until.aborted && !signal.aborted && results.failures.length > 0) warn([UNLOCATED], log);
    return results;
  } finally {
    way?.close();
  }
}

/**
 * The regular files that the globs match, in the directories' order, then by their names. Warns of a glob that matches nothing in a directory, or
 * in no directory when it may match anywhere. None when the time ends before all are found, which is a warning, and after a cancel.
 */
async function reportFiles(
  directories: readonly ReportDirectory[],
  patterns: readonly string[],
  { within, isAnywhere = false, log, clock, signal, until }: Reading,
): Promise<readonly FilesOfDirectory[]> {
  const found: FilesOfDirectory[] = [];
  const matched = new Set<string>();
  const missing: string[] = [];
  const unlisted: string[] = [];
  for (const { path, label, leavesOut } of directories) {
    const way = openWay(path, within);
    const files = way && (await matchingFiles(patterns, way.root, { clock, signal: until }));
    way?.close();
    if (until.aborted) {
      if (!signal.aborted) warn([TOO_LONG], log);
      return [];
    }
    const unmatched = files?.unmatched ?? patterns;
    const where = label === "" ? "" : ` of ${label}`;
    if (!isAnywhere) for (const pattern of unmatched) missing.push(unmatchedIn(pattern, where));
    else for (const pattern of patterns) if (!unmatched.includes(pattern)) matched.add(pattern);
    if (files === undefined) continue;
    unlisted.push(...files.unlisted);
    const own = files.paths.filter((file) => leavesOut?.(file.slice(0, file.indexOf("/"))) !== true);
    if (own.length > 0) found.push({ path, label, files: own.toSorted() });
  }
  if (isAnywhere)
    for (const pattern of patterns) if (!matched.has(pattern)) missing.push(unmatchedIn(pattern, ""));
  warn(missing, log);
  warn(
    unlisted.map((why) => `Reports may be missing: ${harmlessLine(why, LONGEST_NAME)}`),
    log,
  );
  return found;
}

function unmatchedIn(pattern: string, where: string): string {
  return `'${pattern}' of 'reports' matches no file among the artifacts${where}.`;
}

/** The path without links; the path as it is when nothing is there. */
function realPath(path: string, within: readonly string[]): string {
  const way = openWay(path, within);
  way?.close();
  return way?.root.path ?? path;
}

interface OpenReport {
  readonly way: Way;
  readonly file: string;
}

/** What is wrong with the file; undefined for one that was read to its end. */
async function readFile(
  report: OpenReport,
  reader: CaseReader,
  within: Pick<ReportContext, "clock" | "signal">,
): Promise<string | undefined> {
  const problem = await readXml(contentOf(report, within), reader);
  reader.end();
  if (problem === undefined) return undefined;
  const { line, column, what } = problem;
  return `was read up to line ${line}, column ${column}: ${what.replace(/\.$/, "")}. The tests before that count.`;
}

/** The content of a report, until the signal aborts. */
async function* contentOf(
  { way, file }: OpenReport,
  { clock, signal }: Pick<ReportContext, "clock" | "signal">,
): AsyncGenerator<Uint8Array> {
  const names = namesIn(file);
  const fd = way.enter(names.slice(0, -1)).openFile(names.at(-1) ?? "");
  try {
    for await (const chunk of readChunks(fd, clock)) {
      signal.throwIfAborted();
      yield chunk;
    }
  } finally {
    closeSync(fd);
  }
}

function warn(problems: readonly string[], log: Pick<Log, "warning">): void {
  const more = problems.length - MOST_WARNINGS;
  problems.slice(0, MOST_WARNINGS).forEach((problem) => log.warning(problem, "files.md#test-reports"));
  if (more > 0) log.warning(`… and ${more} more of this kind.`, "files.md#test-reports");
}

/** In one line, for the log. */
function inWords({ passed, failed, skipped, flaky }: TestResults, read: number): string {
  const again = flaky === 0 ? "" : ` (${flaky} when run again)`;
  return `Tests of ${read} ${read === 1 ? "report" : "reports"}: ${passed} passed${again}, ${failed} failed, ${skipped} skipped.`;
}
