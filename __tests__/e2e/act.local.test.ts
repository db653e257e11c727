import { existsSync, readFileSync } from "node:fs";
import { basename } from "node:path";
import { whyNoImages } from "../../local/images/root.ts";
import { parse } from "yaml";
import { act, type ActRequest, type ActResult } from "../helpers/act.ts";
import { withNeed } from "../helpers/needs.ts";
import { Postgres, whyNoPostgres } from "../helpers/postgres.ts";
import { Proxy } from "../helpers/proxy.ts";
import { Shop } from "../helpers/shop.ts";
import { codeOfItems } from "../helpers/code-of-items.ts";
import { everyNth, itInSoak } from "../helpers/every-nth.ts";
import { eventually, until } from "../helpers/until.ts";
import { whyMissing } from "../helpers/virtual-environment.ts";
import { exampleWorkflows, workflowsOf } from "../helpers/workflow-files.ts";

/** What act can't do: it has no containers here. */
const NOT_RUN = ["container-job.yml"];

const engine = withNeed(describe, "act", whyMissing("act"));
const withPostgres = withNeed(itInSoak, "postgres", whyNoPostgres());
const withSsh = withNeed(
  itInSoak,
  "ssh",
  existsSync("/usr/bin/ssh") ? whyNoImages() : "/usr/bin/ssh is not there.",
);

/** A job of a workflow file. */
interface Job {
  readonly env?: Readonly<Record<string, string>>;
  readonly steps: readonly {
    readonly uses?: string;
    readonly env?: Readonly<Record<string, string>>;
    readonly with?: Readonly<Record<string, string>>;
    readonly run?: string;
  }[];
}

type ActOptions = Partial<Pick<ActRequest, "event" | "inputs" | "job" | "secrets">>;

engine("a workflow engine runs", () => {
  let shop: Shop;
  beforeAll(async () => {
    shop = await Shop.open();
  });
  afterAll(() => shop.stop());

  /** Runs a workflow as it stands, with the names that AWS or a network gives filled in. */
  const run = async (
    texts: Readonly<Record<string, string>>,
    more: ActOptions = {},
    names = {},
  ): Promise<ActResult> => {
    const fillIns: Readonly<Record<string, string>> = { ...shop.fillIns, ...names };
    const filled = (text: string): string =>
      Object.entries(fillIns).reduce((so, [name, value]) => so.replaceAll(name, value), text);
    const files = Object.entries(texts).map(([path, text]) => [path, filled(text)] as const);
    return await act({
      files: Object.fromEntries(files),
      workflow: files[0]?.[0] ?? "",
      event: "workflow_dispatch",
      env: shop.endpoint,
      idTokenEnv: shop.local.idTokenEnv,
      ...more,
    });
  };

  const example = (name: string): Record<string, string> => ({
    [`.github/workflows/${name}`]: readFileSync(`examples/workflows/${name}`, "utf8"),
  });
  const revision: ActOptions = { inputs: { "task-definition": "shop:43" } };

  /** Fails with the whole log unless the workflow was green and warned of nothing. */
  const expectGreen = ({ succeeded, log }: ActResult): void => {
    if (!succeeded || log.includes('"command":"warning"'))
      throw new Error(`The workflow failed or warned:\n${log}`);
  };

  describe("the README's", () => {
    const readme = workflowsOf("README.md");
    const named = (name: string): Record<string, string> => ({
      ".github/workflows/workflow.yml": readme.find((text) => text.startsWith(`name: ${name}\n`)) ?? "",
    });

    const rows: readonly (readonly [string, ActOptions, string[]])[] = [
      ["Deploy", revision, ["Applying shop.0043_orders... OK"]],
      [
        "Nightly batch",
        { event: "schedule", secrets: { DATABASE_URL: "postgres://shop:secret@db/shop" } },
        [0, 1, 2, 3].map((part) => `[${part}] part ${part} of 4, with a database: True`),
      ],
      ["Database size", { secrets: { PGPASSWORD: "a password" } }, ["7453 kB", "The database has 7453 kB."]],
    ];
    // setup.local has the first one, Smoke test. Two others have the steps of examples, which run below.
    it.each(everyNth(rows, 3, 2))("%s", async (name, more, lines) => {
      const result = await run(named(name), more);
      expectGreen(result);
      expect(result.output).toEqual(expect.arrayContaining(lines));
    });

    const jobOf = (text: string | undefined): Job => {
      const { jobs } = parse(text ?? "") as { jobs: Readonly<Record<string, Job>> };
      const [job, ...more] = Object.values(jobs);
      if (job === undefined || more.length > 0) throw new Error("The workflow has not one job.");
      return job;
    };
    const ofReadme = (name: string): Job => jobOf(Object.values(named(name))[0]);
    const ofExample = (name: string): Job => jobOf(readFileSync(`examples/workflows/${name}`, "utf8"));

    it("Deploy has the steps of the example migrate-before-deploy.yml, without the wait at its end", () => {
      const { steps, env } = ofExample("migrate-before-deploy.yml");
      const [wait, ...others] = steps.toReversed();
      expect(wait?.run).toMatch(/^aws ecs wait /);
      const [update, ...before] = others;
      expect(ofReadme("Deploy").steps).toEqual([...before.reverse(), { ...update, env }]);
    });

    it("Nightly batch has the inputs of the example nightly.yml but the size and the reports", () => {
      const [step] = ofReadme("Nightly batch").steps;
      const [longer] = ofExample("nightly.yml").steps;
      const { cpu, memory, run, ...same } = step?.with ?? {};
      expect([cpu, memory]).toEqual(["4 vCPU", "8 GB"]);
      expect(longer).toMatchObject({ uses: step?.uses, env: step?.env, with: same });
      expect(longer?.with?.["run"]).toContain(run);
    });

    it("and there are no others", () => {
      expect(readme.length).toBe(4);
    });
  });

  // It takes half a minute, and detach.local shows the same steps: `npm run soak tables` has it.
  for (const text of process.env["EVERY_ROW"] === "1" ? workflowsOf("docs/detach.md") : [])
    it("the page on jobs that outlive a step: two jobs detach from one script, and a third follows it to its end", async () => {
      const workflow = text.replaceAll("detach: 3h", "detach: 5s").replace("timeout: 8h", "timeout: 5m");
      const script = "for part in $(seq 20); do echo part $part; sleep 1; done";
      const files = { ".github/workflows/workflow.yml": workflow };
      const result = await run(files, {}, { "python -m shop.backfill": script });
      expectGreen(result);
      expect([...result.results.values()]).toEqual(Array<string>(6).fill("success"));
      // Each job shows the output from its first line on.
      const shown = (line: string): number => result.output.filter((each) => each === line).length;
      expect([shown("part 1"), shown("part 20")]).toEqual([3, 1]);
      const task = shop.local.tasks.find(({ arn }) => arn === result.outputs.get("part.task-arn"));
      await eventually(() => task?.lastStatus, "STOPPED");
    });

  describe("the example", () => {
    itInSoak("nightly.yml, whose reports come back and are kept for thirty days", async () => {
      const secrets = { DATABASE_URL: "postgres://shop:secret@db/shop" };
      const result = await run(example("nightly.yml"), { event: "schedule", secrets });
      expectGreen(result);
      expect(JSON.parse(result.outputs.get("batch.results") ?? "")).toMatchObject([
        { worker: 0, exitCode: 0, outcome: "succeeded" },
        { worker: 1, exitCode: 0, outcome: "succeeded" },
      ]);
      const files = [0, 1].map((part): [string, Buffer] => [
        `reports/part-${part}.txt`,
        Buffer.from(`part ${part} of 2, with a database: True\n`),
      ]);
      expect(result.artifacts).toEqual(
        new Map([["batch", { files: Object.fromEntries(files), retentionDays: 30 }]]),
      );
    });

    itInSoak("migrate-before-deploy.yml, and the service has the new revision", async () => {
      const result = await run(example("migrate-before-deploy.yml"), revision);
      expectGreen(result);
      expect(result.output).toContain("Applying shop.0043_orders... OK");
      expect(shop.running()).toEqual(["shop:43", "shop:43"]);
    });

    itInSoak("smoke-test-after-deploy.yml, in every task", async () => {
      const result = await run(example("smoke-test-after-deploy.yml"), revision);
      expectGreen(result);
      expect(result.output).toEqual(expect.arrayContaining(["[task 0] ok", "[task 1] ok"]));
    });

    itInSoak(
      "deploy.yml, which calls deploy-migrate-smoke.yml, after a migration that prints more than a variable takes",
      async () => {
        const migration = "python manage.py migrate --no-input";
        const result = await run(
          { ...example("deploy.yml"), ...example("deploy-migrate-smoke.yml") },
          revision,
          { [migration]: `${migration} && head -c 200000 /dev/zero | tr '\\0' x` },
        );
        expectGreen(result);
        expect(result.output).toContain("Applying shop.0043_orders... OK");
        const task = result.outputs.get("migrate.task-arn") ?? "";
        expect(result.output).toContain(`The migration ran in ${task}.`);
        expect(shop.local.tasks.find(({ arn }) => arn === task)?.plan.definition.family).toContain(
          "shop-held",
        );
        expect(result.output).toContain("[task 1] System check identified no issues.");
      },
    );

    const verdicts = [
      ["exits 0, and the service has the new revision", "shop:41", "", "CONTINUE"],
      ["fails, and the service has its old revision again", "shop:40", " && exit 1", "ROLLBACK"],
    ] as const;
    itInSoak.each(everyNth(verdicts, 2))(
      "deploy-with-verdict.yml, whose smoke test %s",
      async (_, deployed, more, verdict) => {
        await shop.pause(true);
        const before = shop.running();
        const check = "run: python manage.py check --deploy";
        const result = await run(
          example("deploy-with-verdict.yml"),
          { inputs: { "task-definition": deployed } },
          { [check]: `${check}${more}` },
        );
        if (verdict === "CONTINUE") expectGreen(result);
        expect(result.succeeded).toBe(verdict === "CONTINUE");
        const deployment = shop.local.serviceDeployments.at(-1);
        await until(() => deployment?.isOver === true);
        expect(deployment?.verdicts).toEqual([verdict]);
        expect(deployment?.status).toBe(verdict === "CONTINUE" ? "SUCCESSFUL" : "ROLLBACK_SUCCESSFUL");
        expect(shop.running()).toEqual(verdict === "CONTINUE" ? [deployed, deployed] : before);
        await shop.pause(false);
      },
    );

    // After the deployments: jobs that end together leave their task protected for some minutes, and a deployment waits for that.
    itInSoak("matrix.yml", async () => {
      const regions = everyNth(["north", "east", "south", "west"], 4);
      const job = { name: "report", cells: regions.map((region) => `region:${region}`) };
      const result = await run(example("matrix.yml"), { job });
      expectGreen(result);
      const lines = regions.map((region) => `region ${region}: 12 orders`);
      expect(result.output).toEqual(expect.arrayContaining(lines));
    });

    itInSoak(
      "items.yml, whose tests run once each, and one step has the result and the reports of all",
      async () => {
        const names = ["a", "b", "c", "d"];
        const files = names.map((name): [string, string] => [
          `tests/test_${name}.py`,
          `def test_it():\n    assert ${name === "c" ? "False" : "True"}\n`,
        ]);
        const result = await run({
          ...example("items.yml"),
          ...Object.fromEntries(files),
          "tests/conftest.py": codeOfItems("pytest_runtest_logreport"),
        });
        expect(result.succeeded).toBe(false);
        expect(result.outputs.get("tests.exit-code")).toBe("1");
        // The image has a file with two tests, of which one fails.
        expect(result.outputs.get("tests.tests")).toMatch(/^\{"passed":4,"failed":2,"skipped":0,/);
        const ends = result.output.flatMap(
          (line) => /^tests\/test_(.)\.py::test_it: (\w+) after/.exec(line)?.slice(1) ?? [],
        );
        expect(ends).toEqual(["c", "failed", ...["a", "b", "d"].flatMap((name) => [name, "succeeded"])]);
      },
    );

    itInSoak("items-jest.yml, in which each test file has a result and a report", async () => {
      const result = await run({
        ...example("items-jest.yml"),
        "web/a.test.js": "toBe",
        "web/b.test.js": "toBe",
      });
      expect(result.succeeded).toBe(false);
      // The image's npx is a stand-in, in which one of two tests fails for each file.
      expect(result.outputs.get("tests.tests")).toMatch(/^\{"passed":2,"failed":2,"skipped":0,/);
      expect(result.output.filter((line) => /^web\/.\.test\.js: failed after/.test(line))).toHaveLength(2);
    });

    const runners = [
      ["pytest", "tests/test_cart.py", "#", "pytest.xml", 14, "AssertionError: the discount is missing"],
      ["jest", "web/sum.test.js", "//", "junit.xml", 10, "Error: expect(received).toBe(expected)"],
    ] as const;
    itInSoak.each(everyNth(runners, 2))(
      "tests.yml with %s, whose failed test has an annotation on its line of the checkout, and whose report and screenshot are kept",
      async (runner, path, comment, report, line, message) => {
        // The image has this file without its first line.
        const changed = `${comment} A change.\n${readFileSync(`local/shop/layers/shop/srv/shop/${path}`, "utf8")}`;
        const job = { name: "tests", cells: [`runner:${runner}`] };
        const result = await run({ ...example("tests.yml"), [path]: changed }, { job });
        expect(result.succeeded).toBe(false);
        expect(result.output.join("\n")).toContain("1 failed, 1 passed");
        expect(result.outputs.get("tests.exit-code")).toBe("1");
        expect(result.outputs.get("tests.tests")).toMatch(/^\{"passed":1,"failed":1,"skipped":0,/);
        const annotation = result.log.split("\n").find((one) => one.includes(`file=${path},line=${line}`));
        expect(annotation).toContain(message);
        const kept = Object.keys(result.artifacts.get(`tests-${runner}`)?.files ?? {});
        expect(kept.sort()).toEqual([`reports/${report}`, "screenshots/cart.png"]);
      },
    );

    itInSoak(
      "private-service.yml, whose second step reaches the task through the ports of the first",
      async () => {
        const result = await run(example("private-service.yml"));
        expectGreen(result);
        expect(result.output).toContain("ok");
        expect(result.log).toContain("The forward carried 1 connection");
      },
    );

    withPostgres(
      "private-database.yml, whose psql checks the name in the certificate of a real server",
      async () => {
        const database = await Postgres.start("db.shop.internal");
        try {
          database.run("CREATE TABLE orders AS SELECT generate_series(1, 12)");
          const result = await run(
            { ...example("private-database.yml"), "rds-ca.pem": database.certificate },
            { secrets: { PGPASSWORD: "a password" } },
            { "db.shop.internal:5432": `127.0.0.1:${database.port}` },
          );
          expectGreen(result);
          expect(result.output).toContain("12 orders");
        } finally {
          await database.stop();
        }
      },
    );

    itInSoak("debug-shell.yml, whose task lives on after the failure", async () => {
      const result = await run(example("debug-shell.yml"));
      expect(result.succeeded).toBe(false);
      expect(result.output).toContain("No orders for an hour.");
      const kept = shop.local.tasks.find(({ id }) => result.log.includes(`--task ${id} --container web`));
      expect(kept?.desiredStatus).toBe("RUNNING");
    });

    itInSoak("one-task.yml, whose three steps run in one task, which ends with the job", async () => {
      const before = shop.local.tasks.length;
      const result = await run(example("one-task.yml"));
      expectGreen(result);
      const lines = [
        "Applying shop.0043_orders... OK",
        "System check identified no issues.",
        "Cleared 3 sessions.",
      ];
      expect(result.output).toEqual(expect.arrayContaining(lines));
      const [task, ...more] = shop.local.tasks.slice(before);
      expect([task?.arn, more]).toEqual([result.outputs.get("migrate.task-arn"), []]);
      await eventually(() => task?.lastStatus, "STOPPED");
    });

    itInSoak("private-registry.yml, with the file of its task definition", async () => {
      const file = readFileSync("examples/ops/tools.json", "utf8");
      const result = await run({ ...example("private-registry.yml"), "ops/tools.json": file });
      expectGreen(result);
      expect(result.output).toContain("tools 1");
    });

    itInSoak("behind-a-proxy.yml, whose calls and session go through the proxy", async () => {
      const proxy = await Proxy.start();
      try {
        const result = await run(
          example("behind-a-proxy.yml"),
          {},
          { "http://proxy.example.internal:3128": proxy.url() },
        );
        expectGreen(result);
        expect(result.output).toContain("System check identified no issues.");
        expect(proxy.seen.map(({ method }) => method)).toEqual(expect.arrayContaining(["CONNECT", "POST"]));
      } finally {
        await proxy.stop();
      }
    });

    withSsh("ssh-server.yml, whose server the next step logs in to", async () => {
      const result = await run(example("ssh-server.yml"), { secrets: { SSH_PASSWORD: "correct horse" } });
      expectGreen(result);
      expect(result.output).toContain("tester is in");
      expect(result.output.join("\n")).not.toContain("correct horse");
    });
  });

  it("the job of this repository's CI that uses the action on each kind of runner", async () => {
    const workflow = ".github/workflows/ci.yml";
    const result = await act({
      files: { [workflow]: readFileSync(workflow, "utf8") },
      ...{ workflow, event: "push", isAction: true },
      job: { name: "uses", cells: ["runner:ubuntu-latest"] },
      ...{ env: shop.endpoint, idTokenEnv: {} },
    });
    expectGreen(result);
    expect(result.results.get("CI/The action on ubuntu-latest / With keys that AWS does not know")).toBe(
      "failure",
    );
  });

  it("nothing of an action that is neither this one nor a stand-in", async () => {
    const text = workflowsOf("README.md").find((one) => one.includes("credentials@v6")) ?? "";
    const files = { ".github/workflows/workflow.yml": text.replace("credentials@v6", "credentials@v5") };
    const result = await run(files, revision);
    expect(result.succeeded).toBe(false);
    expect(result.log).toContain("127.0.0.1:9");
  });

  it("every example but those that need a container on the runner", () => {
    const source = readFileSync(import.meta.filename, "utf8");
    const run = [...source.matchAll(/\bexample\("([^"]+)"\)/g)].map(([, name]) => name);
    const all = exampleWorkflows.map((path) => basename(path));
    expect([...new Set([...run, ...NOT_RUN])].sort()).toEqual(all.sort());
  });
});
