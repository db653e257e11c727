import { copyText } from "../../values.ts";
import type { CheckoutLine } from "./checkout-files.ts";
import { type Location, locationsOf } from "./locations.ts";
import type { TestCase, TestFailure } from "./test-case.ts";
import type { Counts, FailedTest, SlowTest, TestResults } from "./test-results.ts";

/** The most suites that are told apart. */
export const MOST_SUITES = 2_000;
/** The most failed tests that are kept. */
export const MOST_FAILURES = 50;
const MOST_SLOW = 10;
/** The most characters that are kept of a name and of a message, and the most lines of a message. */
const LONGEST_NAME = 400;
const LONGEST_MESSAGE = 2_000;
const MOST_LINES = 10;

const NONE: Counts = { passed: 0, failed: 0, skipped: 0, flaky: 0, seconds: 0 };
const OTHERS = "all other suites";

/** A failed test that was not yet looked for in the workspace. */
interface UnlocatedTest extends Omit<FailedTest, "at"> {
  readonly locations: readonly Location[];
}

/** Adds up tests, however many there are, in bounded memory. */
export class Tally {
  #counts = NONE;
  #slowest: readonly SlowTest[] = [];
  readonly #suites = new Map<string, Counts>();
  readonly #failures: UnlocatedTest[] = [];

  /** Adds a test of this file. The label stands before all names, to tell tasks and workers apart. */
  add(test: TestCase, file: string, label: string): void {
    const suite = cutName(label + (test.suite.trim() || test.classname.trim() || file));
    const key = this.#suites.has(suite) || this.#suites.size < MOST_SUITES ? suite : OTHERS;
    this.#counts = withTest(this.#counts, test);
    this.#suites.set(key, withTest(this.#suites.get(key) ?? NONE, test));
    const name = cutName(label + nameOf(test));
    if (test.seconds > (this.#slowest[MOST_SLOW - 1]?.seconds ?? 0))
      this.#slowest = [...this.#slowest, { name, seconds: test.seconds }]
        .sort((a, b) => b.seconds - a.seconds)
        .slice(0, MOST_SLOW);
    if (test.failure === undefined || this.#failures.length >= MOST_FAILURES) return;
    this.#failures.push({ name, message: messageOf(test.failure), locations: locationsOf(test) });
  }

  /** All locations at which a failed test may have failed. */
  get locations(): readonly Location[] {
    return this.#failures.flatMap(({ locations }) => locations);
  }

  async results(
    lineOf: (locations: readonly Location[]) => Promise<CheckoutLine | undefined>,
  ): Promise<TestResults> {
    const failures: FailedTest[] = [];
    for (const { name, message, locations } of this.#failures)
      failures.push({ name, message, at: await lineOf(locations) });
    return {
      ...this.#counts,
      suites: [...this.#suites].map(([name, counts]) => ({ name, ...counts })),
      slowest: this.#slowest,
      failures,
    };
  }
}

function withTest(counts: Counts, { outcome, isFlaky, seconds }: TestCase): Counts {
  return {
    ...counts,
    [outcome]: counts[outcome] + 1,
    flaky: counts.flaky + (isFlaky ? 1 : 0),
    seconds: counts.seconds + seconds,
  };
}

/** Some reporters put the suite or the class into the name, too. */
function nameOf({ classname, name }: TestCase): string {
  const [first, second] = [classname.trim(), name.trim()];
  if (first === "" || second.startsWith(first)) return second || "a test without a name";
  return second === "" ? first : `${first} › ${second}`;
}

/** The message. When it says nothing, the first lines of the text, up to the first frame of a stack. */
function messageOf({ message, text }: TestFailure): string {
  const said = message.trim();
  if (!/^(failed|failure|error)?$/i.test(said)) return copyText(said.slice(0, LONGEST_MESSAGE));
  const lines = text
    .split(/\r\n|[\n\r]/)
    .filter((line) => line.trim() !== "" && !/^\s*(===|---) /.test(line));
  const frame = lines.findIndex((line, i) => i > 0 && /^\s+at /.test(line));
  const shown = lines.slice(0, frame < 0 ? MOST_LINES : Math.min(frame, MOST_LINES)).join("\n");
  return copyText(shown.trim().slice(0, LONGEST_MESSAGE) || said);
}

function cutName(name: string): string {
  return copyText(name.length <= LONGEST_NAME ? name : `${name.slice(0, LONGEST_NAME - 1)}…`);
}
