import type { Counts, TestResults } from "./junit/test-results.ts";
import { harmlessLine, harmlessText } from "./show/sanitise.ts";
import { foldLines, literalCell } from "./markdown.ts";
import { foldedTable } from "./summary-tables.ts";

/** The most suites in the summary. With the limits below the section has at most 200 KB, however long the names are. */
const MOST_SUITES = 200;
const LONGEST_NAME = 120;
const LONGEST_CELL = 200;
/**
 * The most tests that get an annotation. GitHub shows ten errors of a step, and the last one is the step's own:
 * https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands
 */
const MOST_ANNOTATIONS = 9;
const LONGEST_ANNOTATION = 1_000;

/** The tests of the step's reports, in Markdown: those that failed, the suites, the slowest. */
export function testSection(tests: TestResults): string[] {
  return [
    `#### Tests: ${inWords(tests)}, ${duration(tests.seconds)} s`,
    "",
    ...failureTable(tests),
    ...suiteTable(tests),
    ...slowestTable(tests),
  ];
}

function inWords({ passed, failed, skipped, flaky }: Counts): string {
  const again = flaky === 0 ? "" : ` (${flaky} only when run again)`;
  return `${failed} failed, ${passed} passed${again}, ${skipped} skipped`;
}

function failureTable({ failures, failed }: TestResults): string[] {
  if (failures.length === 0) return [];
  const rows = failures.map(({ name, at, message }) => {
    const where = at === undefined ? "" : cell(`${at.file}:${at.line}`);
    return `| ${cell(name)} | ${where} | ${cell(message, LONGEST_CELL)} |`;
  });
  const head = ["| Failed test | Where | Message |", "|---|---|---|"];
  return foldedTable(countNouns(failed, "failed test"), head, rows, failed);
}

/** Suites with failures come first, because the table may be cut at its end. */
function suiteTable({ suites }: TestResults): string[] {
  if (suites.length === 0) return [];
  const failing = suites.filter(({ failed }) => failed > 0);
  const sorted = [...failing, ...suites.filter(({ failed }) => failed === 0)];
  const rows = sorted
    .slice(0, MOST_SUITES)
    .map(
      (one) =>
        `| ${cell(one.name)} | ${one.failed} | ${one.passed} | ${one.skipped} | ${duration(one.seconds)} |`,
    );
  const head = ["| Suite | Failed | Passed | Skipped | Seconds |", "|---|--:|--:|--:|--:|"];
  return foldedTable(countNouns(suites.length, "suite"), head, rows, suites.length);
}

function slowestTable({ slowest }: TestResults): string[] {
  if (slowest.length === 0) return [];
  const rows = slowest.map(({ name, seconds }) => `| ${cell(name)} | ${duration(seconds)} |`);
  return foldLines("The slowest tests", ["| Test | Seconds |", "|---|--:|", ...rows]);
}

/** An error annotation for a failed test, on its line. */
export interface TestAnnotation {
  readonly title: string;
  readonly text: string;
  /** A path from the root of the workspace. */
  readonly file: string;
  readonly startLine: number;
}

/** The annotations of the first failed tests that are known to be in a file of the workspace: one for each test and line. */
export function testAnnotations({ failures }: Pick<TestResults, "failures">): readonly TestAnnotation[] {
  const annotations = new Map<string, TestAnnotation>();
  for (const { name, message, at } of failures) {
    if (at === undefined || annotations.size >= MOST_ANNOTATIONS) continue;
    const title = harmlessLine(name, LONGEST_CELL);
    const text = harmlessText(message, LONGEST_ANNOTATION).trim() || "The test failed.";
    annotations.set(JSON.stringify([title, at]), { title, text, file: at.file, startLine: at.line });
  }
  return [...annotations.values()];
}

function cell(text: string, longest = LONGEST_NAME): string {
  return literalCell(harmlessLine(text, longest));
}

function duration(seconds: number): string {
  return seconds.toFixed(2);
}

function countNouns(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
