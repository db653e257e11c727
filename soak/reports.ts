/**
 * Runs the example tests.yml with the real pytest, and the real jest with jest-junit, by act on the local Fargate. Proves the counts
 * in the output, an annotation on the right line of the checkout, the kept artifacts, and the test runner's exit code. It fetches the
 * test runners from PyPI and npm.
 */
import { execFileSync } from "node:child_process";
import { cpSync, linkSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { virtualEnvironment } from "../local/python.ts";
import { SHOP_IMAGES } from "../local/shop/shop.ts";
import { act } from "../__tests__/helpers/act.ts";
import { Shop } from "../__tests__/helpers/shop.ts";

const PYTEST = "pytest==8.4.2";
const JEST = ["jest@30", "jest-junit@17"];
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

const bin = join(virtualEnvironment, "bin");
const example = readFileSync("examples/workflows/tests.yml", "utf8");
const layer = mkdtempSync(resolve(".cache/reports-"));
const srv = join(layer, "srv/shop");
let wrong = 0;

try {
  cpSync(SHOP_IMAGES["shop"]?.layer ?? "", layer, { recursive: true });
  rmSync(join(srv, "pytest.py"));
  rmSync(join(layer, "usr/local/bin/npx"));
  install();
  const env = { PYTHONPATH: "/opt/pytest", PATH: `/opt/node/bin:${bin}:/usr/bin:/bin` };
  const shop = await Shop.open({ ...SHOP_IMAGES, shop: { layer, workdir: "/srv/shop", env } });
  try {
    const python = { "tests/test_cart.py": readFileSync(join(srv, "tests/test_cart.py"), "utf8") };
    await proof(shop, "pytest", python, "tests/test_cart.py:13");
    await proof(shop, "jest", { "web/sum.test.js": SUM_TEST }, "web/sum.test.js:8");
  } finally {
    await shop.stop();
  }
} finally {
  rmSync(layer, { recursive: true, force: true });
}
process.exitCode = wrong > 0 ? 1 : 0;

/** Puts the test runners and Node.js into the image's files. */
function install(): void {
  const pip = [
    "-m",
    "pip",
    "install",
    "--quiet",
    "--disable-pip-version-check",
    "--root-user-action=ignore",
    "--target",
  ];
  execFileSync(join(bin, "python3"), [...pip, join(layer, "opt/pytest"), PYTEST], { stdio: "inherit" });
  writeFileSync(join(srv, "web/sum.js"), SUM);
  writeFileSync(join(srv, "web/sum.test.js"), 'test("nothing", () => undefined);\n');
  writeFileSync(join(srv, "package.json"), '{ "name": "web", "private": true }\n');
  execFileSync("npm", ["install", "--silent", "--no-audit", "--no-fund", ...JEST], {
    cwd: srv,
    stdio: "inherit",
  });
  mkdirSync(join(layer, "opt/node/bin"), { recursive: true });
  linkSync(process.execPath, join(layer, "opt/node/bin/node"));
  // An npx that runs the installed program.
  writeFileSync(
    join(layer, "opt/node/bin/npx"),
    '#!/bin/sh\nname=$1; shift; exec "node_modules/.bin/$name" "$@"\n',
    {
      mode: 0o755,
    },
  );
}

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
