import type { TestCase, TestFailure } from "./test-case.ts";
import type { XmlHandler } from "./xml.ts";

type Attributes = ReadonlyMap<string, string>;

/** The most characters that are kept of each end of a failure's text: jest names the line at the top, pytest at the bottom. */
const KEPT = 16 * 1024;
/** The most characters that are kept of a suite's name. */
const LONGEST_SUITE = 1_000;
/** In seconds: no test takes years, and sums stay exact. */
const LONGEST_TEST = 1e8;
const ROOTS: readonly string[] = ["testsuites", "testsuite", "testcase"];
/** The beginning of a panic's text. go-junit-report writes that text behind all tests of the suite. */
const PANIC = /^\s*(?:panic|fatal error): /;
/** What `status` and `result` say of a test that was not run (GoogleTest, CTest and others). */
const NOT_RUN: ReadonlySet<string> = new Set(["notrun", "disabled", "skipped", "ignored", "suppressed"]);

interface Suite {
  readonly name: string;
  readonly file: string | undefined;
  readonly depth: number;
}

interface OpenCase {
  readonly attributes: Attributes;
  readonly depth: number;
  failure: { readonly message: string; readonly text: Ends } | undefined;
  isSkipped: boolean;
  hasFlaky: boolean;
}

/**
 * Makes tests from the elements of a JUnit report. The format has no standard. So the reader takes what reporters have in common, and skips
 * elements that it does not know. It does not read the counts that a report gives.
 */
export class CaseReader implements XmlHandler {
  readonly #onCase: (test: TestCase) => void;
  readonly #suites: Suite[] = [];
  #depth = 0;
  #case: OpenCase | undefined;
  /** The depth of the failure whose text is read. */
  #failureDepth: number | undefined;
  /** The last failed test without a text. It waits for the suite's own output, which may have the text. */
  #untold: { readonly test: TestCase; readonly depth: number } | undefined;
  #output: { readonly text: Ends; readonly depth: number } | undefined;

  constructor(onCase: (test: TestCase) => void) {
    this.#onCase = onCase;
  }

  open(name: string, attributes: Attributes): void {
    if (this.#depth === 0 && !ROOTS.includes(name))
      throw new Error("its first element is neither <testsuites> nor <testsuite>, so it is no JUnit XML");
    this.#depth += 1;
    if (this.#case !== undefined) this.#openInCase(this.#case, name, attributes);
    else if (name === "system-out" && this.#depth === this.#untold?.depth)
      this.#output = { text: new Ends(), depth: this.#depth };
    else if (name === "testsuite")
      this.#suites.push({
        // Each test of the suite is told with it, so it is cut once.
        name: (attributes.get("name") ?? "").trim().slice(0, LONGEST_SUITE),
        file: attributes.get("file"),
        depth: this.#depth,
      });
    else if (name === "testcase")
      this.#case = { attributes, depth: this.#depth, failure: undefined, isSkipped: false, hasFlaky: false };
  }

  text(part: string): void {
    if (this.#failureDepth !== undefined) this.#case?.failure?.text.push(part);
    else this.#output?.text.push(part);
  }

  close(): void {
    if (this.#depth === this.#failureDepth) this.#failureDepth = undefined;
    if (this.#depth === this.#output?.depth) this.#tellLast(this.#output.text.toString());
    if (this.#depth === this.#suites.at(-1)?.depth) {
      this.#tellLast();
      this.#suites.pop();
    }
    const ended = this.#case;
    if (ended?.depth === this.#depth) {
      this.#case = undefined;
      this.#take(this.#testOf(ended));
    }
    this.#depth -= 1;
  }

  /** To be called when no more comes: the document has ended, or is broken here. */
  end(): void {
    this.#tellLast();
  }

  #take(test: TestCase): void {
    if (test.failure?.text !== "") {
      this.#onCase(test);
      return;
    }
    this.#tellLast();
    this.#untold = { test, depth: this.#depth };
  }

  /** Passes on the waiting test. A panic ends a Go program, so a panic in the suite's output belongs to the last failed test. */
  #tellLast(output = ""): void {
    const { test } = this.#untold ?? {};
    this.#untold = undefined;
    this.#output = undefined;
    if (test?.failure === undefined) return;
    const failure = PANIC.test(output) ? { ...test.failure, text: output } : test.failure;
    this.#onCase({ ...test, failure });
  }

  #openInCase(open: OpenCase, name: string, attributes: Attributes): void {
    if (this.#depth !== open.depth + 1) return;
    if (name === "skipped" || name === "disabled") open.isSkipped = true;
    if (name === "flakyFailure" || name === "flakyError") open.hasFlaky = true;
    if ((name !== "failure" && name !== "error") || open.failure !== undefined) return;
    open.failure = { message: attributes.get("message") ?? "", text: new Ends() };
    this.#failureDepth = this.#depth;
  }

  #testOf({ attributes, failure, isSkipped, hasFlaky }: OpenCase): TestCase {
    const suite = this.#suites.at(-1);
    const status = attributes.get("status") ?? "";
    const isNotRun =
      isSkipped || NOT_RUN.has(status.toLowerCase()) || NOT_RUN.has(attributes.get("result") ?? "");
    return {
      suite: suite?.name ?? "",
      classname: attributes.get("classname") ?? attributes.get("class") ?? "",
      name: attributes.get("name") ?? "",
      seconds: secondsOf(attributes.get("time") ?? ""),
      outcome: failure !== undefined ? "failed" : isNotRun ? "skipped" : "passed",
      isFlaky: failure === undefined && !isNotRun && hasFlaky,
      failure: failure && failureOf(failure),
      file: attributes.get("file") ?? suite?.file,
      line: lineOf(attributes.get("line") ?? attributes.get("lineno") ?? ""),
    };
  }
}

function failureOf({ message, text }: NonNullable<OpenCase["failure"]>): TestFailure {
  return { message: message.slice(0, KEPT), text: text.toString() };
}

/** Surefire separates thousands by commas, and other reporters have a comma before the decimals. */
function secondsOf(text: string): number {
  const isGrouped = /^[1-9]\d{0,2}(,\d{3})+(\.\d*)?$/.test(text);
  const seconds = Number(isGrouped ? text.replaceAll(",", "") : text.replace(",", "."));
  return Number.isNaN(seconds) ? 0 : Math.min(Math.max(0, seconds), LONGEST_TEST);
}

/** pytest counts lines from 0, and its tracebacks, which are looked at first, from 1. */
function lineOf(text: string): number | undefined {
  return /^\d{1,7}$/.test(text) ? Math.max(1, Number(text)) : undefined;
}

/** The beginning and the end of a text that comes in parts. */
class Ends {
  #start = "";
  /** It grows to twice what is kept of it, so that many small parts are not copied with each of them. */
  #end = "";
  #isCut = false;

  push(part: string): void {
    const room = KEPT - this.#start.length;
    this.#start += part.slice(0, room);
    this.#end += part.slice(room);
    this.#isCut ||= this.#end.length > KEPT;
    if (this.#end.length > 2 * KEPT) this.#end = this.#end.slice(-KEPT);
  }

  toString(): string {
    return this.#start + (this.#isCut ? "\n…\n" : "") + this.#end.slice(-KEPT);
  }
}
