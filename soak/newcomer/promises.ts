/** What a workflow promises its reader. Unless it says otherwise, its steps of this action have exit code 0 and no annotation. */
export interface WorkflowPromise {
  readonly event?: string;
  readonly inputs?: Readonly<Record<string, string>>;
  readonly secrets?: Readonly<Record<string, string>>;
  /** The page of the clone whose first command makes the service's deployments pause. */
  readonly page?: string;
  /** Files of the repository beside the workflow, from the clone. */
  readonly files?: Readonly<Record<string, string>>;
  readonly fails?: true;
  /** How many steps of this action run: each has outputs and a summary. */
  readonly steps: number;
  readonly output: readonly (string | RegExp)[];
  readonly annotations?: readonly RegExp[];
  readonly artifact?: {
    readonly name: string;
    readonly file: string;
    readonly text: RegExp;
    readonly retentionDays: number;
  };
  readonly summary?: RegExp;
}

const REGIONS = ["north", "east", "south", "west"].map((region) => `region ${region}: 12 orders`);
const parts = (of: number): readonly string[] =>
  Array.from({ length: of }, (_, part) => `[${part}] part ${part} of ${of}, with a database: True`);
const MIGRATED = "Applying shop.0043_orders... OK";
const database = { DATABASE_URL: "postgres://shop:secret@db/shop" };
const revision = { "task-definition": "shop:43" };

/** The README's workflows after its first one, by their names. */
export const OF_README: Readonly<Record<string, WorkflowPromise>> = {
  "Smoke test": { steps: 1, output: ["ok"] },
  Deploy: { inputs: revision, steps: 1, output: [MIGRATED] },
  "Nightly batch": { event: "schedule", secrets: database, steps: 1, output: parts(4) },
  "Database size": {
    ...{ secrets: { PGPASSWORD: "a password" }, steps: 1 },
    output: ["7453 kB", "The database has 7453 kB."],
  },
};

/** The workflows of `examples/workflows`, except those that other workflows call. */
export const OF_EXAMPLES: Readonly<Record<string, WorkflowPromise>> = {
  "migrate-before-deploy.yml": { inputs: revision, steps: 1, output: [MIGRATED] },
  "smoke-test-after-deploy.yml": { inputs: revision, steps: 1, output: ["[task 0] ok", "[task 1] ok"] },
  "deploy.yml": {
    ...{ inputs: revision, steps: 2 },
    files: { ".github/workflows/deploy-migrate-smoke.yml": "examples/workflows/deploy-migrate-smoke.yml" },
    output: [
      MIGRATED,
      /^The migration ran in arn:aws:ecs:.*\.$/,
      "[task 1] System check identified no issues.",
    ],
  },
  "deploy-with-verdict.yml": {
    ...{ inputs: { "task-definition": "shop:42" }, steps: 2, page: "docs/deployment.md" },
    output: [MIGRATED, "System check identified no issues.", /^Told deployment .*: CONTINUE\.$/],
  },
  "matrix.yml": { steps: 4, output: REGIONS },
  "items.yml": {
    ...{ fails: true, steps: 1 },
    files: { "tests/test_cart.py": "local/shop/layers/shop/srv/shop/tests/test_cart.py" },
    output: [/1 failed, 0 passed/, /^tests\/test_cart\.py::test_discount: failed after/],
    annotations: [/1 of 2 items failed/, /the discount is missing/],
    summary: /failed/,
  },
  "items-jest.yml": {
    ...{ fails: true, steps: 1 },
    files: { "web/sum.test.js": "local/shop/layers/shop/srv/shop/web/sum.test.js" },
    output: [/1 failed, 1 passed/, /^web\/sum\.test\.js: failed after/],
    annotations: [/1 of 1 item failed/],
    summary: /failed/,
  },
  "nightly.yml": {
    ...{ event: "schedule", secrets: database, steps: 1, output: [] },
    artifact: {
      ...{ name: "batch", file: "reports/part-1.txt", retentionDays: 30 },
      text: /^part 1 of 2, with a database: True\n$/,
    },
  },
  "one-task.yml": { steps: 3, output: ["Applying shop.0043_orders... OK", "Cleared 3 sessions."] },
  "debug-shell.yml": {
    ...{ fails: true, steps: 1 },
    output: ["No orders for an hour."],
    annotations: [
      /^error /,
      /^notice [^]* is kept, and costs, until [^]*aws ecs execute-command .* --container web/,
    ],
    summary: /failed/,
  },
  "tests.yml": {
    ...{ fails: true, steps: 2, output: ["1 failed, 1 passed", "Tests:       1 failed, 1 passed, 2 total"] },
    files: Object.fromEntries(
      ["tests/test_cart.py", "web/sum.test.js"].map((path) => [
        path,
        `local/shop/layers/shop/srv/shop/${path}`,
      ]),
    ),
    artifact: { name: "tests-jest", file: "reports/junit.xml", text: /<failure>/, retentionDays: 90 },
    annotations: [
      /^error tests\.test_cart › test_discount: AssertionError: the discount is missing/,
      /^error the sum has the discount: Error: expect\(received\)\.toBe\(expected\)/,
    ],
    summary: /failed[^]*#### Tests: 1 failed, 1 passed/,
  },
  "private-registry.yml": {
    ...{ steps: 1, output: ["tools 1"] },
    files: { "ops/tools.json": "examples/ops/tools.json" },
  },
  // A forward has no summary.
  "private-service.yml": { steps: 0, output: ["ok"] },
  "behind-a-proxy.yml": { steps: 1, output: ["System check identified no issues."] },
  "ssh-server.yml": {
    ...{ secrets: { SSH_PASSWORD: "correct horse" }, steps: 2, output: ["tester is in"] },
    annotations: [/^notice [^]* is kept, and costs, until /],
  },
};

/** Examples that need more than act and the account: a container, or a database. Each has a test of the clone that runs it. */
export const BY_EMULATED_RUNNER: Readonly<Record<string, string>> = {
  "container-job.yml": "__tests__/e2e/container-job.local.test.ts",
  "private-database.yml": "__tests__/e2e/act.local.test.ts -t private-database.yml",
};
