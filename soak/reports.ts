/**
 * Runs the example tests.yml with the real pytest, and the real jest with jest-junit, by act on the local Fargate. Proves the counts
 * in the output, an annotation on the right line of the checkout, the kept artifacts, and the test runner's exit code. It fetches the
 * test runners from PyPI and npm.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { act } from "../__tests__/helpers/act.ts";
import { Shop } from "../__tests__/helpers/shop.ts";
import { testRunners } from "./test-runners/layer.ts";

const SUM = "exports.sum = (prices) => prices.reduce((a, b) => a + b, 0);\n";
/** The tests in the checkout. The image has another file of this name, whose tests would pass. */
const SUM_TEST = `const { mkdirSync, writeFileSync } = require("node:fs");
const { sum } = require("./sum.js");

test("the total", () => expect(sum([1, 2])).toBe(3));
test("the discount", () => {
  mkdirSync("screenshots", { recursive: true });
  writeFileSync("screenshots/cart.png", "png");
  expect(sum([3, 4])).toBe(6);
});
`;

const example = readFileSync("examples/workflows/tests.yml", "utf8");
let wrong = 0;

const runners = testRunners(["jest@30", "jest-junit@17"]);
const { images, srv } = runners;
try {
  writeFileSync(join(srv, "web/sum.js"), SUM);
  writeFileSync(join(srv, "web/sum.test.js"), 'test("nothing", () => undefined);\n');
  const shop = await Shop.open(images);
  try {
    const python = { "tests/test_cart.py": readFileSync(join(srv, "tests/test_cart.py"), "utf8") };
    await proof(shop, "pytest", python, "tests/test_cart.py:13");
    await proof(shop, "jest", { "web/sum.test.js": SUM_TEST }, "web/sum.test.js:8");
  } finally {
    await shop.stop();
  }
} finally {
  runners.remove();
}
process.exitCode = wrong > 0 ? 1 : 0;

async function proof(
  shop: Shop,
  name: string,
  checkout: Readonly<Record<string, string>>,
  place: string,
): Promise<void> {
  const filled = Object.entries(shop.fillIns).reduce(
    (text, [from, to]) => text.replaceAll(from, to),
    example,
  );
  const path = ".github/workflows/tests.yml";
  const result = await act({
    ...{ files: { [path]: filled, ...checkout }, workflow: path, event: "workflow_dispatch" },
    job: { name: "tests", cells: [`runner:${name}`] },
    ...{ env: shop.endpoint, idTokenEnv: shop.local.idTokenEnv },
  });
  const [file, line] = place.split(":");
  const artifact = Object.keys(result.artifacts.get(`tests-${name}`)?.files ?? {});
  const seen = {
    "the step fails": !result.succeeded,
    "the exit code is the test runner's": result.outputs.get("tests.exit-code") === "1",
    "one test failed and one passed": (result.outputs.get("tests.tests") ?? "").includes(
      '"passed":1,"failed":1,',
    ),
    "an annotation is on the line": new RegExp(`file=${file ?? ""},line=${line ?? ""}\\b`).test(result.log),
    "a report and a screenshot are kept": /reports\/.*\.xml.*screenshots\/cart\.png/.test(
      artifact.sort().join(),
    ),
  };
  for (const [what, isSo] of Object.entries(seen)) console.log(`${isSo ? "yes" : "NO "} ${name}: ${what}`);
  const faults = Object.values(seen).filter((isSo) => !isSo).length;
  if (faults > 0) console.log(result.log);
  wrong += faults;
}
