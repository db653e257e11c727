/** A test of a report. All texts are as the report has them, which a container has written. */
export interface TestCase {
  /** The name of the innermost suite around it; empty when there is none. */
  readonly suite: string;
  readonly classname: string;
  readonly name: string;
  readonly seconds: number;
  readonly outcome: "passed" | "failed" | "skipped";
  /** It has failed, and then passed when it was run again. */
  readonly isFlaky: boolean;
  /** The first failure or error of a test that has failed. */
  readonly failure: TestFailure | undefined;
  /** The file that the report names for it or for its suite, in the container. */
  readonly file: string | undefined;
  readonly line: number | undefined;
}

export interface TestFailure {
  /** Often the error's message; empty, or one word, with some reporters. */
  readonly message: string;
  /** The beginning and the end of what the reporter has written, such as a traceback. */
  readonly text: string;
}
