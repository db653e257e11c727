import { type Counts, type FailedTest, type TestResults } from "../../src/report/junit/test-results.ts";
import { makeSummary } from "../../src/report/summary.ts";
import { testAnnotations, testSection } from "../../src/report/test-section.ts";
import { expectGolden } from "../helpers/golden.ts";
import { HOSTILE, PLAIN, renderMarkdown } from "./rendered.ts";
import { aResult, aStep, aThousandRetried, NO_TIME } from "./example-results.ts";

const counts = (passed: number, failed: number, skipped = 0, flaky = 0, seconds = 1.5): Counts => {
  return { passed, failed, skipped, flaky, seconds };
};

const at = { file: "tests/test_cart.py", line: 13 };
const FAILED: readonly FailedTest[] = [
  { name: "tests.test_cart › test_discount", message: "assert 7 == 6\n +  where 7 = total([3, 4])", at },
  { name: "tests.test_cart › test_region[south | west]", message: "", at: undefined },
];

const some: TestResults = {
  ...counts(12, 2, 3, 1, 1234.5),
  suites: [
    { name: "tests.test_order", ...counts(10, 0, 3, 1, 1234) },
    { name: "tests.test_cart", ...counts(2, 2, 0, 0, 0.5) },
  ],
  slowest: [{ name: "tests.test_order › test_all", seconds: 1200.25 }],
  failures: FAILED,
};

it("the section has the failed tests first, then the suites with failures, then the others, and the slowest tests folded", () => {
  expectGolden("summary-tests.md", makeSummary(aResult("exited", "1"), aStep, NO_TIME, some));
});

it("the section has one line for reports without a test", () => {
  expect(testSection({ ...counts(0, 0, 0, 0, 0), suites: [], slowest: [], failures: [] })).toEqual([
    "#### Tests: 0 failed, 0 passed, 0 skipped, 0.00 s",
    "",
  ]);
});

it("the section folds long lists, and says how much more there is", () => {
  const text = testSection({
    ...counts(0, 500),
    suites: Array.from({ length: 1_999 }, (_, i) => ({ name: `suite ${i}`, ...counts(0, 1) })),
    slowest: [],
    failures: Array.from({ length: 50 }, (_, i) => ({ name: `test ${i}`, message: "no", at })),
  }).join("\n");
  expect(text).toContain("<details><summary>500 failed tests</summary>");
  expect(text).toContain("… and 450 more.");
  expect(text).toContain("<details><summary>1999 suites</summary>");
  expect(text).toContain("… and 1799 more.");
});

it("the section keeps the summary below GitHub's limit, whatever the names hold", () => {
  const name = "𝒳|".repeat(1_000);
  const names = Array.from({ length: 2_000 }, () => ({ name, ...counts(1, 1) }));
  const tests = {
    ...counts(2_000, 2_000),
    suites: names,
    slowest: names.slice(0, 10),
    failures: names.map(() => ({ name, message: name, at: { file: name, line: 1 } })).slice(0, 50),
  };
  expect(Buffer.byteLength(testSection(tests).join("\n"))).toBeLessThan(200_000);
  expect(Buffer.byteLength(makeSummary(aThousandRetried, aStep, NO_TIME, tests))).toBeLessThan(1024 * 1024);
});

it("the section takes no name and no message of a report for Markdown, HTML or a link", () => {
  const plain = new Set([...PLAIN, "html_block"]);
  for (const words of [...HOSTILE, HOSTILE.join("\n"), HOSTILE.join(" ")]) {
    const tests: TestResults = {
      ...counts(0, 1),
      suites: [{ name: words, ...counts(0, 1) }],
      slowest: [{ name: words, seconds: 1 }],
      failures: [{ name: words, message: words, at: { file: words, line: 1 } }],
    };
    const { types, links, texts, html } = renderMarkdown(testSection(tests).join("\n"));
    expect([...types].filter((type) => !plain.has(type))).toEqual([]);
    expect(links).toEqual([]);
    expect(
      html
        .join("")
        .trim()
        .split(/\s*\n\s*/),
    ).toEqual(["<details><summary>The slowest tests</summary>", "</details>"]);
    expect(texts.join(" ")).not.toMatch(/example|mallory|words|item|heading/);
  }
});

describe("the annotations", () => {
  it("are on the lines of failed tests, one for each test", () => {
    expect(testAnnotations({ failures: [...FAILED, ...FAILED] })).toEqual([
      {
        ...{ file: "tests/test_cart.py", startLine: 13 },
        title: "tests.test_cart › test_discount",
        text: "assert 7 == 6\n +  where 7 = total([3, 4])",
      },
    ]);
  });

  it("are nine, so that the step's own is the tenth, which is the last that GitHub shows", () => {
    const failures = Array.from({ length: 50 }, (_, i) => ({ name: `test ${i}`, message: "", at }));
    const annotations = testAnnotations({ failures });
    expect(annotations.map(({ title }) => title)).toEqual(Array.from({ length: 9 }, (_, i) => `test ${i}`));
    expect(annotations[0]?.text).toBe("The test failed.");
  });

  it("hold no workflow command, and nothing that is invisible", () => {
    const words = "::error::a\r\n##[error]b\x1b[31m\u202e\n\0";
    const [annotation] = testAnnotations({ failures: [{ name: words, message: words, at }] });
    expect(annotation).toMatchObject({
      title: "\\::error::a ##\\[error]b",
      text: "\\::error::a\n##\\[error]b",
    });
  });
});
