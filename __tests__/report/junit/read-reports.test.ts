import { jest } from "@jest/globals";
import { readFileSync } from "node:fs";
import { Readable } from "node:stream";
import { Directory } from "../../../src/inputs/beneath/directory.ts";
import { systemClock } from "../../../src/clock.ts";
import type { Way } from "../../../src/inputs/beneath/way.ts";
import { CaseReader } from "../../../src/report/junit/case-reader.ts";
import { CheckoutFiles } from "../../../src/report/junit/checkout-files.ts";
import { Tally } from "../../../src/report/junit/tally.ts";
import { readXml } from "../../../src/report/junit/xml.ts";
import { failedTests, readReportsIn } from "./reading.ts";

const sample = (name: string): string =>
  readFileSync(new URL(`samples/${name}.xml`, import.meta.url), "utf8");

const X_PY = [{ path: ["x.py"], line: 1, isWhole: false }];
const REGION = `failed on setup with "ConnectionError: no database at db:5432"`;
const JVM = "com.example.shop.CartTest";
const GO = "github.com/example-org/shop/cart";

/** Reports of real runs. Only rspec's is written by hand, in the form of its formatter. */
const SAMPLES: readonly [string, readonly string[], string, readonly string[]][] = [
  [
    "pytest",
    ["tests/test_cart.py", "shop.py"],
    "1 passed, 4 failed, 2 skipped",
    [
      "tests.test_cart.TestPrices › test_discount at tests/test_cart.py:13",
      "tests.test_cart.TestPrices › test_below_zero at shop.py:3",
      "tests.test_cart › test_region[north] at tests/test_cart.py:31",
      "tests.test_cart › test_region[south | west] at tests/test_cart.py:31",
    ],
  ],
  [
    "pytest-xunit1",
    ["tests/test_cart.py"],
    "1 passed, 4 failed, 2 skipped",
    [
      "tests.test_cart.TestPrices › test_discount at tests/test_cart.py:13",
      "tests.test_cart.TestPrices › test_below_zero at tests/test_cart.py:16",
      "tests.test_cart › test_region[north] at tests/test_cart.py:31",
      "tests.test_cart › test_region[south | west] at tests/test_cart.py:31",
    ],
  ],
  [
    "jest-junit",
    [
      "web/src/sum.test.js",
      "web/src/sum.js",
      "web/src/broken.test.js",
      "node_modules/jest-circus/build/jestAdapterInit.js",
    ],
    "2 passed, 4 failed, 1 skipped",
    [
      "the sum has the discount at web/src/sum.test.js:9",
      "the sum refuses <prices> below zero & says so at web/src/sum.js:2",
      "Test suite failed to run › src/broken.test.js at web/src/broken.test.js:1",
      "Test suite failed to run › src/broken.test.js at web/src/broken.test.js:1",
    ],
  ],
  [
    "surefire",
    [
      "shop/src/test/java/com/example/shop/CartTest.java",
      "CartTest.java",
      "lib/java/lang/reflect/Method.txt",
    ],
    "2 passed (1 when run again), 2 failed, 1 skipped",
    [
      `${JVM} › belowZero at shop/src/test/java/com/example/shop/CartTest.java:23`,
      `${JVM} › discount at shop/src/test/java/com/example/shop/CartTest.java:18`,
    ],
  ],
  [
    "gotestsum",
    ["cart/cart.go", "cart/cart_test.go", "order/cart_test.go"],
    "1 passed, 3 failed, 1 skipped",
    [
      `${GO} › TestDiscount/of_seven at cart/cart_test.go:14`,
      `${GO} › TestDiscount at ?`,
      `${GO} › TestBelowZero at cart/cart.go:7`,
    ],
  ],
  [
    "go-junit-report",
    ["cart/cart_test.go", "order/cart_test.go"],
    "1 passed, 3 failed, 1 skipped",
    [
      `${GO} › TestDiscount/of_seven at cart/cart_test.go:14`,
      `${GO} › TestDiscount at ?`,
      `${GO} › TestBelowZero at cart/cart_test.go:21`,
    ],
  ],
  [
    "rspec",
    ["spec/models/cart_spec.rb"],
    "1 passed, 1 failed, 1 skipped",
    ["spec.models.cart_spec › Cart has the discount at spec/models/cart_spec.rb:12"],
  ],
  [
    "playwright",
    ["e2e/login.spec.ts"],
    "2 passed, 1 failed, 1 skipped",
    ["login.spec.ts › the login › shows <the name> at e2e/login.spec.ts:9"],
  ],
];

it.each(SAMPLES)("reads a report of %s", async (name, checkout, counts, failed) => {
  const read = await readReportsIn({ "report.xml": { bytes: sample(name) } }, checkout);
  expect(read.warnings).toEqual([]);
  expect(read.lines).toEqual([`Tests of 1 report: ${counts}.`]);
  expect(failedTests(read)).toEqual(failed);
});

it("has the message of a failure, or its first lines when the reporter says no more than that it failed", async () => {
  const messages = async (name: string): Promise<readonly string[]> =>
    (await readReportsIn({ "report.xml": { bytes: sample(name) } })).results.failures.map(
      ({ message }) => message,
    );
  expect((await messages("pytest")).slice(1, 3)).toEqual(["ValueError: a price is below zero", REGION]);
  expect((await messages("jest-junit")).slice(0, 2)).toEqual([
    "Error: expect(received).toBe(expected) // Object.is equality\nExpected: 6\nReceived: 7",
    "RangeError: a price is below zero",
  ]);
  expect((await messages("gotestsum")).slice(0, 2)).toEqual(["cart_test.go:14: got 7, want 6", "Failed"]);
});

/** A report with one failed test, whose text is this. */
const failing = (text: string, attributes = "", suite = 'name="s"'): string =>
  `<testsuite ${suite}><testcase name="t" ${attributes}><failure message="no"><![CDATA[${text}]]></failure></testcase></testsuite>`;

describe("finds the line of a failed test", () => {
  it.each<[string, string, readonly string[], string]>([
    [
      "PHPUnit",
      failing(
        "CartTest::testSum\nFailed\n\n/app/tests/CartTest.php:15",
        'file="/app/tests/CartTest.php" line="12"',
      ),
      ["tests/CartTest.php"],
      "tests/CartTest.php:15",
    ],
    [
      "nextest",
      failing("thread 't' panicked at src/lib.rs:12:9:\nat /rustc/0ab/library/core/src/panicking.rs:75:14"),
      ["src/lib.rs", "src/panicking.rs"],
      "src/lib.rs:12",
    ],
    [
      ".NET",
      failing("   at Shop.CartTests.Sum() in /src/Shop.Tests/CartTests.cs:line 12"),
      ["Shop.Tests/CartTests.cs"],
      "Shop.Tests/CartTests.cs:12",
    ],
    [
      "unittest",
      failing(
        'Traceback (most recent call last):\n  File "/app/shop/tests.py", line 12, in test_sum\n    total()\n  File "/usr/lib/python3.12/decimal.py", line 3, in x',
      ),
      ["shop/tests.py", "decimal.py"],
      "shop/tests.py:12",
    ],
    [
      "GoogleTest",
      failing("/app/src/cart_test.cc:12\nExpected equality of these values:"),
      ["src/cart_test.cc"],
      "src/cart_test.cc:12",
    ],
    [
      "vitest",
      failing("AssertionError: no\n ❯ src/cart.test.ts:5:10"),
      ["src/cart.test.ts"],
      "src/cart.test.ts:5",
    ],
    [
      "bats",
      failing("(in test file test/cart.bats, line 12)\n  `false' failed"),
      ["test/cart.bats"],
      "test/cart.bats:12",
    ],
    [
      "a module of JavaScript",
      failing("Error: no\n    at file:///app/src/cart.test.mjs:5:10"),
      ["src/cart.test.mjs"],
      "src/cart.test.mjs:5",
    ],
    [
      "a JVM with modules",
      failing("\tat app//com.example.CartTest$Nested.sum(CartTest.kt:9)"),
      ["src/com/example/CartTest.kt"],
      "src/com/example/CartTest.kt:9",
    ],
    [
      "colours",
      failing("Error: no\n    at Object.<anonymous> (\u001b[36msrc/cart.test.js\u001b[39m:5:10)"),
      ["src/cart.test.js"],
      "src/cart.test.js:5",
    ],
    [
      "attributes alone",
      failing("no", 'file="tests/test_a.py" line="7"'),
      ["tests/test_a.py"],
      "tests/test_a.py:7",
    ],
    ["a file alone", failing("no", 'file="/app/a.test.js"'), ["a.test.js"], "a.test.js:1"],
    ["the suite's file", failing("no", "", 'name="s" file="/app/a.test.js"'), ["a.test.js"], "a.test.js:1"],
    ["a line 0", failing("no", 'file="test_a.py" line="0"'), ["test_a.py"], "test_a.py:1"],
    [
      "the longest of several ends",
      failing("tests/test_a.py:3: no"),
      ["tests/test_a.py", "test_a.py", "other/test_a.py"],
      "tests/test_a.py:3",
    ],
    [
      "a part of the repository as the image's context",
      failing("/app/tests/test_a.py:3: no"),
      ["services/cart/tests/test_a.py"],
      "services/cart/tests/test_a.py:3",
    ],
    [
      "a name in brackets",
      failing(" ❯ src/app/[id]/page.test.tsx:9:25"),
      ["src/app/[id]/page.test.tsx", "src/app/page.test.tsx"],
      "src/app/[id]/page.test.tsx:9",
    ],
    [
      "names in brackets and parentheses",
      failing("    at Object.<anonymous> (/app/src/app/(shop)/[[...all]]/page.test.tsx:9:25)"),
      ["src/app/(shop)/[[...all]]/page.test.tsx", "src/app/page.test.tsx"],
      "src/app/(shop)/[[...all]]/page.test.tsx:9",
    ],
    [
      "a file with a suffix behind its brackets",
      failing("pages/[id].test.tsx:9:25"),
      ["pages/[id].test.tsx"],
      "pages/[id].test.tsx:9",
    ],
    [
      "blanks in a frame of JavaScript",
      failing("    at f (/app/my tests/a cart.test.js:9:25)"),
      ["my tests/a cart.test.js", "tests/a cart.test.js"],
      "my tests/a cart.test.js:9",
    ],
    [
      "blanks in a frame of Python",
      failing('  File "/app/my tests/test_a.py", line 9, in test_sum'),
      ["my tests/test_a.py", "tests/test_a.py"],
      "my tests/test_a.py:9",
    ],
    [
      "a path of several names, rather than an inner one whose last name alone is in the checkout",
      failing('File "/app/tests/test_a.py", line 3\nFile "/opt/tool/decoder.py", line 5'),
      ["tests/test_a.py", "src/shop/decoder.py"],
      "tests/test_a.py:3",
    ],
    [
      "a path of which the checkout has only the last name",
      failing("/app/decoder.py:3: no"),
      ["src/shop/decoder.py"],
      "src/shop/decoder.py:3",
    ],
    [
      "a file, beside a directory of its name",
      failing("/app/decoder.py:3: no"),
      ["lib/decoder.py", "src/decoder.py/x"],
      "lib/decoder.py:3",
    ],
    [
      "an own directory whose name is vendor",
      failing("/app/src/vendor/service.ts:3:1"),
      ["src/vendor/service.ts"],
      "src/vendor/service.ts:3",
    ],
  ])("%s", async (_, bytes, checkout, location) => {
    expect(failedTests(await readReportsIn({ "report.xml": { bytes } }, checkout))).toEqual([
      `t at ${location}`,
    ]);
  });

  it.each<[string, string, readonly string[]]>([
    ["two files that fit equally well", failing("/app/test_a.py:3: no"), ["a/test_a.py", "b/test_a.py"]],
    ["a file outside the checkout", failing("/app/test_b.py:3: no"), ["test_a.py"]],
    ["a file of the artifacts", failing("/app/test_a.py:3: no"), ["artifacts/test_a.py"]],
    [
      "a file of dependencies",
      failing("/app/node_modules/x/index.js:3:1"),
      ["node_modules/x/index.js", "x/index.js"],
    ],
    ...[
      'File "/root/.pyenv/versions/3.12.1/lib/python3.12/json/a.py", line 3',
      'File "/opt/conda/lib/python3.11/json/a.py", line 3',
      'File "/root/.local/share/uv/python/cpython-3.12.1-linux-x86_64-gnu/lib/python3.12/json/a.py", line 3',
      "/root/.rbenv/versions/3.3.0/lib/ruby/3.3.0/a.rb:3:in `add'",
      "/go/pkg/mod/github.com/x/y@v1.2.3/a.go:3",
      "/app/vendor/laravel/framework/src/a.php:3",
      "/root/.cargo/git/checkouts/x-0123/4567/src/a.rs:3:1",
    ].map((line): [string, string, readonly string[]] => [
      `a file of dependencies: ${line}`,
      failing(line),
      ["py", "rb", "go", "php", "rs"].map((suffix) => `src/a.${suffix}`),
    ]),
    ["a file that has fewer lines", failing("/app/tests/test_a.py:9999: no"), ["tests/test_a.py"]],
    [
      "a class of another package",
      failing("\tat org.example.CartTest.sum(CartTest.java:9)"),
      ["src/com/example/CartTest.java"],
    ],
    ["a path that leads out", failing("no", 'file="../../../etc/passwd" line="1"'), ["tests/test_a.py"]],
    ["a directory", failing("no", 'file="/app/tests" line="1"'), ["tests/test_a.py"]],
    ["no path at all", failing("no", 'file="/" line="1"'), ["tests/test_a.py"]],
    [
      "the output of a suite that did not panic",
      '<testsuite name="s"><testcase name="t"><failure/></testcase><system-out>test_a.py:3: no</system-out></testsuite>',
      ["test_a.py"],
    ],
    ["a file of git", failing("/app/.git/hooks/a.py:1: no"), [".git/hooks/a.py"]],
  ])("but not in %s", async (_, bytes, checkout) => {
    expect(failedTests(await readReportsIn({ "report.xml": { bytes } }, checkout))).toEqual(["t at ?"]);
  });

  it("but not through a link, which may lead out of the workspace", async () => {
    const link = { target: "/etc" };
    const bytes = failing("/app/etc/hosts.allow:1: no\n/app/passwd.d:1: no", 'file="/app/etc/passwd"');
    expect(failedTests(await readReportsIn({ "report.xml": { bytes }, "../etc": link }))).toEqual(["t at ?"]);
  });
});

it("holds little of a failure that names a long class and thousands of files", async () => {
  const text = `<testcase classname="${"a/".repeat(20_000)}"><failure>${"a.go:1\n".repeat(4_000)}</failure></testcase>`;
  const tally = new Tally();
  const reader = new CaseReader((test) => tally.add(test, "a.xml", ""));
  await readXml(Readable.from([Buffer.from(`<testsuite>${text.repeat(3)}</testsuite>`)]), reader);
  reader.end();
  const names = tally.locations.reduce((sum, { path }) => sum + path.length, 0);
  expect(tally.locations).toHaveLength(3 * 40);
  expect(names).toBeLessThan(100_000);
});

describe("counts", () => {
  it.each<[string, string, string]>([
    [
      "what it sees, whatever the attributes say",
      '<testsuite tests="9" failures="9"><testcase name="a"/></testsuite>',
      "1 passed, 0 failed, 0 skipped",
    ],
    [
      "tests of nested suites",
      "<testsuites><testsuite><testsuite><testcase/></testsuite><testcase/></testsuite></testsuites>",
      "2 passed, 0 failed, 0 skipped",
    ],
    [
      "an error as a failure",
      "<testsuite><testcase><error/></testcase></testsuite>",
      "0 passed, 1 failed, 0 skipped",
    ],
    [
      "a test with two failures once",
      "<testsuite><testcase><failure/><error/></testcase></testsuite>",
      "0 passed, 1 failed, 0 skipped",
    ],
    [
      "a test that is skipped and has failed as failed",
      "<testsuite><testcase><skipped/><failure/></testcase></testsuite>",
      "0 passed, 1 failed, 0 skipped",
    ],
    [
      "a test that was not run as skipped",
      '<testsuite><testcase status="notrun"/><testcase result="suppressed"/></testsuite>',
      "0 passed, 0 failed, 2 skipped",
    ],
    [
      "no failure that stands deeper in a test",
      "<testsuite><testcase><properties><failure/></properties></testcase></testsuite>",
      "1 passed, 0 failed, 0 skipped",
    ],
    [
      "elements with a prefix",
      '<j:testsuite xmlns:j="urn:j"><j:testcase><j:skipped/></j:testcase></j:testsuite>',
      "0 passed, 0 failed, 1 skipped",
    ],
    ["a test without a suite", "<testsuites><testcase/></testsuites>", "1 passed, 0 failed, 0 skipped"],
    ["no test of an empty report", "<testsuites/>", "0 passed, 0 failed, 0 skipped"],
    ["tests in UTF-16", "\ufeff<testsuite><testcase/></testsuite>", "1 passed, 0 failed, 0 skipped"],
  ])("%s", async (what, text, counts) => {
    const bytes = what.endsWith("UTF-16") ? Buffer.from(text, "utf16le") : text;
    const { lines, warnings } = await readReportsIn({ "report.xml": { bytes } });
    expect([lines, warnings]).toEqual([[`Tests of 1 report: ${counts}.`], []]);
  });

  it.each([
    ["1,234.5", 1234.5],
    ["12,345,678.25", 12345678.25],
    ["0,25", 0.25],
    ["0.25", 0.25],
    ["1e-3", 0.001],
    ["-1", 0],
    ["soon", 0],
    ["", 0],
  ])("the time %j as %d s", async (time, seconds) => {
    const bytes = `<testsuite><testcase time="${time}"/></testsuite>`;
    expect((await readReportsIn({ "report.xml": { bytes } })).results.seconds).toBe(seconds);
  });
});

describe("knows the encoding", () => {
  const text = (encoding: string): string =>
    `<?xml version="1.0" encoding="${encoding}"?><testsuite name="Käse ☕"><testcase/></testsuite>`;
  it.each<[string, Uint8Array, string]>([
    ["UTF-8 with a byte order mark", Buffer.from(`\ufeff${text("utf-8")}`), "Käse ☕"],
    ["UTF-16 with a byte order mark", Buffer.from(`\ufeff${text("utf-16")}`, "utf16le"), "Käse ☕"],
    ["UTF-16 in big-endian order", Buffer.from(`\ufeff${text("utf-16")}`, "utf16le").swap16(), "Käse ☕"],
    ["UTF-16 without a mark", Buffer.from(text("utf-16"), "utf16le"), "Käse ☕"],
    ["UTF-8 that is said to be UTF-16", Buffer.from(text("utf-16")), "Käse ☕"],
    ["Latin-1", Buffer.from(text("ISO-8859-1").replace("☕", "x"), "latin1"), "Käse x"],
    ["bytes that are no characters", Buffer.from(text("utf-8"), "latin1"), "K\ufffdse \u0015"],
  ])("%s", async (_, bytes, name) => {
    const { results, warnings } = await readReportsIn({ "report.xml": { bytes } });
    expect([results.suites.map((suite) => suite.name), warnings]).toEqual([[name], []]);
  });
});

describe("warns, and goes on, after", () => {
  const good = { bytes: "<testsuite><testcase/></testsuite>" };
  it.each<[string, string | Uint8Array, string]>([
    [
      "a report that was cut",
      "<testsuite>\n<testcase/><testcase>",
      "was read up to line 2, column 21: Unclosed root tag.",
    ],
    [
      "tags that don't match",
      "<testsuite><testcase/></testcase></testsuite>",
      "line 1, column 33: Unexpected close tag.",
    ],
    [
      "another format",
      "<html><body/></html>",
      "its first element is neither <testsuites> nor <testsuite>, so it is no JUnit XML.",
    ],
    ["no XML", "1..2\nok 1\n", "line 1, column 1: Non-whitespace before first tag."],
    ["an empty file", "", "it has no element."],
    [
      "an unknown encoding",
      '<?xml version="1.0" encoding="klingon"?><testsuite/>',
      "its encoding 'klingon' is not known.",
    ],
    ["an entity of HTML", "<testsuite><testcase/>&nbsp;</testsuite>", "Invalid character entity."],
  ])("%s", async (_, bytes, problem) => {
    const { lines, warnings } = await readReportsIn({ "a.xml": { bytes }, "b.xml": good });
    expect(warnings).toEqual([expect.stringContaining(problem)]);
    expect(warnings[0]).toMatch(
      /^Report a\.xml was read up to line \d+, column \d+: .*[^.]\. The tests before that count\.$/,
    );
    expect(lines).toEqual([expect.stringMatching(/^Tests of 2 reports: [12] passed/)]);
  });

  it("a report that was cut behind a failure without a text, which counts", async () => {
    const bytes = "<testsuite><testcase><failure/></testcase><testcase/><system-out>panic: ";
    const { lines } = await readReportsIn({ "a.xml": { bytes } });
    expect(lines).toEqual(["Tests of 1 report: 1 passed, 1 failed, 0 skipped."]);
  });

  it("a report whose name would look like lines of the step", async () => {
    const { warnings } = await readReportsIn({ "a\n::error::b.xml": { bytes: "<" } });
    expect(warnings).toEqual([expect.stringMatching(/^Report a ::error::b\.xml was read up to line 1, .*$/)]);
  });

  it("more broken files than are named one by one", async () => {
    const broken = Object.fromEntries([1, 2, 3, 4, 5].map((i) => [`${i}.xml`, { bytes: "<" }]));
    const { warnings } = await readReportsIn(broken);
    expect(warnings).toEqual([
      ...[1, 2, 3].map((i) => expect.stringContaining(`${i}.xml`) as string),
      "… and 2 more of this kind.",
    ]);
  });
});

describe("of several tasks", () => {
  const suite = (name: string): { bytes: string } => ({
    bytes: `<testsuite name="${name}"><testcase name="t"/></testsuite>`,
  });

  it("each suite has its task, and a warning names the tasks in which a glob matches nothing", async () => {
    const reports = { "task-0/a.xml": suite("s"), "task-1/a.xml": suite("s"), "task-1/b.xml": suite("b") };
    const { results, warnings } = await readReportsIn(reports, [], {
      ...{ tasks: ["task 0", "task 1", "task 2"], patterns: ["a.xml", "*.xml"] },
    });
    expect(results.suites.map(({ name, passed }) => [name, passed])).toEqual([
      ["task 0: s", 1],
      ["task 1: s", 1],
      ["task 1: b", 1],
    ]);
    expect(warnings).toEqual([
      "'a.xml' of 'reports' matches no file among the artifacts of task 2.",
      "'*.xml' of 'reports' matches no file among the artifacts of task 2.",
    ]);
  });
});

it("reads no report through a link, which a container has made", async () => {
  const report = { bytes: "<testsuite><testcase/></testsuite>" };
  const reports = { "a.xml": { target: "b/c.txt" }, "b/c.txt": report, "d.xml": report, e: { target: "b" } };
  const { lines } = await readReportsIn(reports, [], { patterns: ["*.xml", "e/*.txt"] });
  expect(lines).toEqual(["Tests of 1 report: 1 passed, 0 failed, 0 skipped."]);
});

it("reads nothing after a cancel", async () => {
  const bytes = "<testsuite><testcase/></testsuite>";
  const { lines, warnings } = await readReportsIn({ "a.xml": { bytes } }, [], {
    signal: AbortSignal.abort(),
  });
  expect(lines).toEqual(["Tests of 0 reports: 0 passed, 0 failed, 0 skipped."]);
  expect(warnings).toEqual([]);
});

describe("looking for reports in many directories ends", () => {
  const bytes = "<testsuite><testcase/></testsuite>";
  const tree = { "a.xml": { bytes }, ...Object.fromEntries([...Array(40).keys()].map((i) => [`${i}/`, {}])) };
  /** A clock that calls this at the fifth turn. */
  const atFifthTurn = (act: () => void): typeof systemClock => {
    let turns = 0;
    const turn = async (): Promise<void> => {
      if ((turns += 1) === 5) act();
      await systemClock.turn();
    };
    return { ...systemClock, turn };
  };

  it("after the minute, which the reading has, too", async () => {
    let end = (): void => undefined;
    const clock = atFifthTurn(() => end());
    const sleep = (ms: number): Promise<void> =>
      new Promise((resolve) => {
        if (ms === 60_000) end = resolve;
      });
    const { lines, warnings } = await readReportsIn(tree, [], { clock: { ...clock, sleep } });
    expect(lines).toEqual(["Tests of 0 reports: 0 passed, 0 failed, 0 skipped."]);
    expect(warnings).toEqual([
      expect.stringMatching(/^No report was read: looking for .* took more than one minute\. /),
    ]);
  });

  it("after a cancel, without a warning", async () => {
    const listed = jest.spyOn(Directory.prototype, "list");
    const cancel = new AbortController();
    const clock = atFifthTurn(() => cancel.abort());
    const { lines, warnings } = await readReportsIn(tree, [], { clock, signal: cancel.signal });
    expect(lines).toEqual(["Tests of 0 reports: 0 passed, 0 failed, 0 skipped."]);
    expect(warnings).toEqual([]);
    expect(listed.mock.calls.length).toBeLessThanOrEqual(5);
    listed.mockRestore();
  });
});

/** The search in a workspace that has this many directories beside its root, and the file `x.py` in that. */
async function searchAmong(count: number): Promise<CheckoutFiles> {
  const entry = (name: string, isFile: boolean) => ({
    name,
    isFile: () => isFile,
    isDirectory: () => !isFile,
  });
  const top = [entry("x.py", true), ...[...Array(count).keys()].map((i) => entry(`d${i}`, false))];
  const way = { enter: (names: readonly string[]) => ({ list: () => (names.length === 0 ? top : []) }) };
  const context = { clock: systemClock, signal: new AbortController().signal };
  return await CheckoutFiles.search(way as unknown as Way, "artifacts", X_PY, context);
}

it("a workspace is searched as a whole when it has at most 20,000 directories", async () => {
  const found = [await searchAmong(19_999), await searchAmong(20_000)];
  expect(found.map(({ isComplete }) => isComplete)).toEqual([true, false]);
});

it("a search that does not know all files of a name tells no line, and a warning says so", async () => {
  const bytes = '<testsuite><testcase name="t" file="x.py" line="1"><failure/></testcase></testsuite>';
  const searched = jest.spyOn(CheckoutFiles, "search").mockResolvedValue(await searchAmong(20_000));
  try {
    const { results, warnings } = await readReportsIn({ "a.xml": { bytes } }, ["x.py"]);
    expect(results.failures.map(({ at }) => at)).toEqual([undefined]);
    expect(warnings).toEqual([
      expect.stringMatching(/^No line of a failed test was looked for .* more than 20000 directories\. /),
    ]);
  } finally {
    searched.mockRestore();
  }
});

it("a cancel ends the search for the lines of failed tests, however many directories the checkout has", async () => {
  const bytes = '<testsuite><testcase name="t" file="a.py" line="1"><failure/></testcase></testsuite>';
  const checkout = [...Array(60).keys()].map((i) => `d${i}/x.py`);
  const listed = jest.spyOn(Directory.prototype, "list");
  const cancel = new AbortController();
  const turn = async (): Promise<void> => {
    // The reports were read, and the search has begun.
    if (listed.mock.calls.length > 10) cancel.abort();
    await systemClock.turn();
  };
  const clock = { ...systemClock, turn };
  const { results } = await readReportsIn({ "a.xml": { bytes } }, checkout, { clock, signal: cancel.signal });
  expect(results.failed).toBe(1);
  expect(listed.mock.calls.length).toBeLessThan(50);
  listed.mockRestore();
});

describe("looking for the lines of failed tests in large or many files ends", () => {
  const frames = (first: number): string =>
    [...Array(40).keys()].map((i) => `at f (/app/d${first + i}/x${first + i}.js:999:1)`).join("\n");
  const bytes = `<testsuite>${[0, 40].map((first) => `<testcase name="t${first}"><failure>${frames(first)}</failure></testcase>`).join("")}</testsuite>`;
  const checkout = [...Array(80).keys()].map((i) => `d${i}/x${i}.js`);

  /** Reads the report, and calls `act` once five files of the checkout were opened. Returns how many were opened in all, and the reading. */
  async function readUntil(act: () => void, { clock = systemClock, signal = new AbortController().signal }) {
    const opened = jest.spyOn(Directory.prototype, "openFile");
    const turn = async (): Promise<void> => {
      if (opened.mock.calls.length === 6) act();
      await systemClock.turn();
    };
    const reading = await readReportsIn({ "a.xml": { bytes } }, checkout, {
      clock: { ...clock, turn },
      signal,
    });
    const count = opened.mock.calls.length;
    opened.mockRestore();
    return { ...reading, count };
  }

  it("after the minute that reading them has, and a warning says so", async () => {
    let end = (): void => undefined;
    const sleep = (): Promise<void> => new Promise((resolve) => (end = resolve));
    const read = await readUntil(() => end(), { clock: { ...systemClock, sleep } });
    expect([read.results.failed, failedTests(read)]).toEqual([2, ["t0 at ?", "t40 at ?"]]);
    expect(read.warnings).toEqual([expect.stringMatching(/^Not all lines of failed tests were looked for/)]);
    expect(read.count).toBeLessThan(10);
  });

  it("after a cancel, without a warning", async () => {
    const cancel = new AbortController();
    const read = await readUntil(() => cancel.abort(), { signal: cancel.signal });
    expect([read.results.failed, read.warnings]).toEqual([2, []]);
    expect(read.count).toBeLessThan(10);
  });
});
