import { readFileSync } from "node:fs";
import { CaseReader } from "../../../src/report/junit/case-reader.ts";
import { Way } from "../../../src/inputs/beneath/way.ts";
import { systemClock } from "../../../src/clock.ts";
import { CheckoutFiles } from "../../../src/report/junit/checkout-files.ts";
import { Tally } from "../../../src/report/junit/tally.ts";
import { readXml } from "../../../src/report/junit/xml.ts";
import { testAnnotations, testSection } from "../../../src/report/test-section.ts";
import { withTree } from "../../payload/files/trees.ts";
import { damage, randomBytesOf } from "../../helpers/damage.ts";
import { between, forEachSeedAtOnce, pick, type Random, randomOf, sampleOf } from "../../helpers/seeds.ts";

const RUNS = sampleOf(4_000);
const samples = ["pytest", "jest-junit", "surefire", "gotestsum", "go-junit-report", "playwright"].map(
  (name) => readFileSync(new URL(`samples/${name}.xml`, import.meta.url)),
);
const FILES = ["tests/test_cart.py", "src/sum.js", "src/sum.test.js", "cart/cart_test.go"];
/** Parts that are put into a damaged report, since chance alone would rarely make them. */
const PARTS = [
  ...[
    "<testcase>",
    "</testcase>",
    "<testsuite>",
    "<failure>",
    "</failure>",
    "<![CDATA[",
    "]]>",
    "]]",
    "<!--",
    "<!",
    "&",
    "&#0;",
    ";",
  ],
  ...[
    "\0",
    "\ufeff",
    "::error::",
    "##[error]",
    "\r",
    "test_cart.py:1:",
    " at (/app/src/sum.js:1:1)",
    "../",
    "|",
    "`",
    "\u202e",
  ],
].map((part) => Buffer.from(part));

/** Any bytes, or a real report with parts cut, doubled, mixed and changed. */
function reportOf(random: Random): Buffer {
  if (random() < 0.2) return randomBytesOf(random, between(random, 0, 400));
  let report =
    random() < 0.5 ? damage(random, pick(random, samples), pick(random, samples)) : pick(random, samples);
  for (let times = between(random, 0, 8); times > 0; times -= 1) {
    const at = between(random, 0, report.length);
    const until = between(random, at, Math.min(report.length, at + 40));
    report = Buffer.concat([
      report.subarray(0, at),
      pick(random, PARTS),
      report.subarray(random() < 0.5 ? at : until),
    ]);
  }
  return report;
}

async function* partsOf(bytes: Buffer, random: Random): AsyncIterable<Uint8Array> {
  // The first part has the declaration.
  for (let at = 0, end = 200; at < bytes.length; at = end, end += between(random, 1, 1000))
    yield await Promise.resolve(bytes.subarray(at, end));
}

it("never throws, and never has more than nine annotations, each in a file of the checkout", async () => {
  let counted = 0;
  await withTree(Object.fromEntries(FILES.map((path) => [path, {}])), async (workspace) => {
    const way = Way.open(workspace);
    await forEachSeedAtOnce(RUNS, 4, async (seed) => {
      const random = randomOf(seed);
      const tally = new Tally();
      for (let reports = between(random, 1, 4); reports > 0; reports -= 1) {
        const reader = new CaseReader((test) => tally.add(test, "a.xml", ""));
        await readXml(partsOf(reportOf(random), random), reader);
        reader.end();
      }
      const context = { clock: systemClock, signal: new AbortController().signal };
      const files = await CheckoutFiles.search(way, "artifacts", tally.locations, context);
      const results = await tally.results((locations) => files.lineOf(locations, context));
      counted += results.failed;
      const annotations = testAnnotations(results);
      expect(annotations.length).toBeLessThanOrEqual(9);
      for (const { file, startLine, title, text } of annotations) {
        expect(FILES).toContain(file);
        expect(startLine).toBeGreaterThan(0);
        expect(`${title}\n${text}`).not.toMatch(/^\s*::|##\[|(?!\n)\p{Cc}/mu);
      }
      const { passed, failed, skipped, suites } = results;
      const total = suites.reduce((sum, one) => sum + one.passed + one.failed + one.skipped, 0);
      expect(total).toBe(passed + failed + skipped);
      expect(testSection(results).join("\n")).not.toMatch(/^\s*::|##\[/m);
    });
    way.close();
  });
  expect(counted).toBeGreaterThan(RUNS / 2);
});
