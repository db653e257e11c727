import type { CheckoutLine } from "./checkout-files.ts";

export interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  /** How many of the passed tests had failed before they were run again. */
  readonly flaky: number;
  /** The sum over all tests. */
  readonly seconds: number;
}

/** What the reports of a step say. Names and messages are as a container has written them, but cut. */
export interface TestResults extends Counts {
  /** In the order in which they were read, up to a limit: the last one then has the tests of all others. */
  readonly suites: readonly SuiteResult[];
  /** The slowest first, without tests that took no time. */
  readonly slowest: readonly SlowTest[];
  /** In the order in which they were read, up to a limit. */
  readonly failures: readonly FailedTest[];
}

export interface SuiteResult extends Counts {
  readonly name: string;
}

export interface SlowTest {
  readonly name: string;
  readonly seconds: number;
}

export interface FailedTest {
  readonly name: string;
  readonly message: string;
  /** Where it failed; undefined when that is no file of the workspace. */
  readonly at: CheckoutLine | undefined;
}
