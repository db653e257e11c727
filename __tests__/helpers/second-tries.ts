import type { Reporter, TestResult } from "@jest/reporters";
import { isExcused } from "./needs.ts";

/** More second tries than these in one run are no coincidence. */
const MOST = 4;

/**
 * Lists the tests that needed a second try, and fails the run above `MOST`. In CI it also fails a run with skipped tests, except for
 * those whose need `TESTS_WITHOUT` names.
 */
export default class SecondTries implements Pick<
  Reporter,
  "onTestResult" | "onRunComplete" | "getLastError"
> {
  readonly #again: string[] = [];
  #skipped: string[] = [];
  #error: Error | undefined;

  onTestResult(_test: unknown, { testFilePath, testResults }: TestResult): void {
    const file = testFilePath.split("/__tests__/").at(-1) ?? testFilePath;
    for (const { fullName, invocations = 1, status } of testResults) {
      if (invocations > 1) this.#again.push(`${file}: ${fullName} (${status})`);
      if (status === "pending" || status === "todo") this.#skipped.push(`${file}: ${fullName}`);
    }
  }

  onRunComplete(): void {
    // `-t` skips tests on purpose.
    if (process.argv.some((word) => /^(-t|--testNamePattern)/.test(word))) this.#skipped = [];
    const inexcusable = process.env["CI"] ? this.#skipped.filter((test) => !isExcused(test)) : [];
    const problems = [
      ...(this.#again.length > MOST
        ? [`${this.#again.length} tests needed a second try, and at most ${MOST} may.`]
        : []),
      ...(inexcusable.length > 0
        ? [`${inexcusable.length} tests were skipped, which CI does not allow.${bullets(inexcusable)}`]
        : []),
    ];
    console.error(`Second tries: ${this.#again.length} (at most ${MOST}).${bullets(this.#again)}`);
    if (this.#skipped.length > 0) console.error(`Skipped: ${this.#skipped.length}.${bullets(this.#skipped)}`);
    for (const problem of problems) console.error(problem);
    if (problems.length > 0) this.#error = new Error(problems.join(" "));
  }

  getLastError(): Error | undefined {
    return this.#error;
  }
}

function bullets(lines: readonly string[]): string {
  return lines.map((line) => `\n  - ${line}`).join("");
}
