/**
 * Real test suites as items, by act on the local Fargate: pytest, Jest and Playwright's own runner, in batches, with the lines of docs/items.md. Of each
 * one test fails, and it alone. When GitHub runs the job again, that item alone is run, and is green when what it tests is mended; after a change
 * of the script all items run. Fetches the test runners from PyPI and npm.
 */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { act, type ActResult } from "../__tests__/helpers/act.ts";
import { Shop } from "../__tests__/helpers/shop.ts";
import { codeOfItems } from "../__tests__/helpers/code-of-items.ts";
import { testRunners } from "./test-runners/layer.ts";

/** A suite, and how it is run. The test that fails asks the address, and is green when that answers 200. */
interface Suite {
  readonly name: string;
  /** The files of the checkout, by their paths. */
  readonly files: (address: string) => Readonly<Record<string, string>>;
  readonly items: string;
  readonly batch: string;
  readonly run: string;
  readonly count: number;
  /** The item that fails. */
  readonly fails: string;
}

const numbers = (count: number): readonly number[] => Array.from({ length: count }, (_, at) => at);
const filesOf = (
  count: number,
  name: (at: number) => string,
  text: (at: number) => string,
): Readonly<Record<string, string>> => Object.fromEntries(numbers(count).map((at) => [name(at), text(at)]));

const FILES = 'mapfile -t files < "$FARGATE_EXEC_ITEMS_FILE"\n';
/** JavaScript that has 200, or what the address answers. */
const statusOf = (asks: boolean, address: string): string =>
  asks ? `(await fetch("${address}")).status` : "200";

const suites: readonly Suite[] = [
  {
    name: "pytest",
    files: (address) => ({
      "suite/conftest.py": codeOfItems("pytest_runtest_logreport"),
      ...filesOf(
        6,
        (at) => `suite/test_${at}.py`,
        (at) => {
          const asks = `urllib.request.urlopen("${address}").status == 200`;
          const tests = numbers(10).map(
            (test) => `def test_${test}():\n    assert ${at === 4 && test === 7 ? asks : "True"}\n`,
          );
          return `import urllib.request\n\n${tests.join("\n")}`;
        },
      ),
    }),
    items: "run:python -m pytest --collect-only -q suite >/tmp/tests && grep :: /tmp/tests",
    batch: "auto",
    run: 'mapfile -t tests < "$FARGATE_EXEC_ITEMS_FILE"\npython -m pytest "${tests[@]}"',
    count: 60,
    fails: "suite/test_4.py::test_7",
  },
  {
    name: "Jest",
    files: (address) => ({
      "suite/items.cjs": codeOfItems("onTestResult"),
      ...filesOf(
        5,
        (at) => `suite/${at}.test.js`,
        (at) => `test("it", async () => expect(${statusOf(at === 3, address)}).toBe(200));\n`,
      ),
    }),
    items: "glob:suite/*.test.js",
    batch: "2",
    run: `${FILES}npx jest --reporters=default --reporters=./suite/items.cjs --runTestsByPath "\${files[@]}"`,
    count: 5,
    fails: "suite/3.test.js",
  },
  {
    name: "Playwright",
    files: (address) => ({
      "suite/items.cjs": codeOfItems("onBegin"),
      ...filesOf(
        5,
        (at) => `suite/${at}.spec.js`,
        (at) =>
          `const { test, expect } = require("@playwright/test");\ntest("it", async () => expect(${statusOf(at === 2, address)}).toBe(200));\n`,
      ),
    }),
    items: "glob:suite/*.spec.js",
    batch: "2",
    run: `${FILES}npx playwright test --reporter=line,./suite/items.cjs "\${files[@]}"`,
    count: 5,
    fails: "suite/2.spec.js",
  },
];

let isMended = false;
const server = createServer((_, response) => response.writeHead(isMended ? 200 : 500).end());
await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
let wrong = 0;
const runners = testRunners(["jest@30", "@playwright/test@1"]);
try {
  const shop = await Shop.open(runners.images);
  try {
    for (const [number, suite] of suites.entries()) await prove(shop, suite, String(7_000 + number));
  } finally {
    await shop.stop();
  }
} finally {
  runners.remove();
  server.close();
}
process.exitCode = wrong > 0 ? 1 : 0;

interface Entry {
  readonly item: string;
  readonly outcome: string;
  readonly carriedFrom?: number;
}

async function prove(shop: Shop, suite: Suite, runId: string): Promise<void> {
  isMended = false;
  const first = await attempt(shop, suite, { runId, attempt: "1" });
  const failed = first.entries.filter(({ outcome }) => outcome === "failed").map(({ item }) => item);
  const green = first.entries.filter(({ outcome }) => outcome === "succeeded").length;
  const { fails, count } = suite;
  tell(suite, first.result, {
    [`attempt 1: exit code 1 (${first.exitCode})`]: first.exitCode === "1",
    [`one test fails, and it alone: ${failed.join(", ")}`]: failed.join() === fails,
    [`${green} of ${count} items are green`]: green === count - 1,
  });
  isMended = true;
  const second = await attempt(shop, suite, { runId, attempt: "2" });
  const ran = second.entries.filter(({ carriedFrom }) => carriedFrom === undefined).map(({ item }) => item);
  tell(suite, second.result, {
    [`attempt 2: exit code 0 (${second.exitCode})`]: second.exitCode === "0",
    [`it runs that item alone: ${ran.join(", ")}`]: ran.join() === fails,
    [`${second.entries.length} results`]: second.entries.length === count,
  });
  const changed = { ...suite, run: `${suite.run}\n# changed` };
  const third = await attempt(shop, changed, { runId, attempt: "3" });
  const all = third.entries.filter(({ carriedFrom }) => carriedFrom === undefined).length;
  tell(suite, third.result, {
    [`attempt 3 with another script: exit code 0 (${third.exitCode})`]: third.exitCode === "0",
    [`${all} of ${count} items run`]: all === count,
  });
}

interface Attempt {
  readonly result: ActResult;
  readonly exitCode: string;
  readonly entries: readonly Entry[];
}

async function attempt(
  shop: Shop,
  { items, batch, run, files }: Suite,
  { runId, attempt: number }: { readonly runId: string; readonly attempt: string },
): Promise<Attempt> {
  const path = ".github/workflows/suites.yml";
  const filled = Object.entries(shop.fillIns).reduce(
    (text, [from, to]) => text.replaceAll(from, to),
    JSON.stringify(workflow({ items, batch, run })),
  );
  const result = await act({
    ...{ files: { [path]: filled, ...files(address) }, workflow: path, event: "workflow_dispatch" },
    env: { ...shop.endpoint, GITHUB_RUN_ID: runId, GITHUB_RUN_ATTEMPT: number },
    idTokenEnv: shop.local.idTokenEnv,
  });
  const entries = JSON.parse(result.outputs.get("tests.results") ?? "[]") as readonly Entry[];
  return { result, exitCode: result.outputs.get("tests.exit-code") ?? "", entries };
}

/** A workflow. JSON is YAML, too. */
function workflow(inputs: Pick<Suite, "items" | "batch" | "run">): object {
  const checkout = { uses: "actions/checkout@v7", with: { "persist-credentials": false } };
  const credentials = {
    uses: "aws-actions/configure-aws-credentials@v6",
    with: { "role-to-assume": "arn:aws:iam::123456789012:role/deploy", "aws-region": "eu-west-1" },
  };
  const tests = {
    id: "tests",
    uses: "org/fargate-exec@v1",
    with: {
      ...{ cluster: "production", "task-definition": "shop-jobs", "security-groups": "sg-0a1b2c3d" },
      ...{ subnets: "subnet-0a1b2c3d, subnet-4e5f6a7b", bucket: "example-ci-staging" },
      ...{
        tasks: "2",
        workers: "2",
        timeout: "30m",
        files: "suite/**",
        shell: "bash",
        retry: "rerun",
        ...inputs,
      },
    },
  };
  return {
    name: "Suites",
    on: { workflow_dispatch: {} },
    permissions: { contents: "read", "id-token": "write" },
    jobs: { tests: { "runs-on": "ubuntu-latest", steps: [checkout, credentials, tests] } },
  };
}

function tell({ name }: Suite, { log }: ActResult, seen: Readonly<Record<string, boolean>>): void {
  for (const [what, isSo] of Object.entries(seen)) console.log(`${isSo ? "yes" : "NO "} ${name}: ${what}`);
  const faults = Object.values(seen).filter((isSo) => !isSo).length;
  if (faults > 0) console.log(log);
  wrong += faults;
}
