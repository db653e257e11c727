import { readFileSync } from "node:fs";
import { parse } from "yaml";
import type { StepResult } from "../../local/runner/step.ts";
import { whyNoPodman } from "../../local/task/podman.ts";
import { Aws, jobLog, mainLog, processes } from "../helpers/local.ts";
import { withNeed } from "../helpers/needs.ts";
import { eventually } from "../helpers/until.ts";

/** A job with `container:`: the runner runs the steps' processes in a container on its machine. */
const describeContainer = withNeed(describe, "podman", whyNoPodman());

interface Example {
  readonly jobs: {
    readonly check: { readonly container: object; readonly steps: [{ with: Record<string, string> }] };
  };
}
const example = parse(readFileSync("examples/workflows/container-job.yml", "utf8")) as Example;

describeContainer("in a container on the runner", () => {
  let aws: Aws;
  beforeAll(async () => {
    aws = await Aws.start();
  });
  afterAll(() => aws.stop());

  it("a step with the example's inputs, but a script of its own that fails, has its exit code, outputs and summary", async () => {
    const { container, steps } = example.jobs.check;
    expect(container).toBeDefined();
    const { made, local } = aws.world;
    const result = await aws.step(
      {
        ...steps[0].with,
        // The names that this account has.
        ...{ "role-to-assume": made.deployRole, region: local.region },
        ...{ cluster: made.cluster, service: made.service, run: "echo hello; exit 3" },
      },
      { container: true, env: { ...local.idTokenEnv, AWS_ACCESS_KEY_ID: "", AWS_SECRET_ACCESS_KEY: "" } },
    );
    expect(jobLog(result)).toEqual(["hello"]);
    expect(result.outputs).toMatchObject({ outcome: "failed", "exit-code": "3", stdout: "hello" });
    expect(result.summary).toContain("fargate-exec: failed");
    expect(result.post).toMatchObject({ conclusion: "success", annotations: [] });
  });

  it("a cancel does not reach main, and post ends the remote job and cleans up", async () => {
    const { made } = aws.world;
    const task = await aws.runningTask();
    const sleeps = (): readonly string[] =>
      processes(task)
        .map(({ command }) => command)
        .filter((command) => command === "sleep 304");
    const button = new AbortController();
    const onLine = (line: string): void => {
      if (line === "begun") button.abort();
    };
    const inputs = { task: task.id, bucket: made.bucket, run: "echo begun; sleep 304" };
    let atPost: readonly string[] = [];
    const result: StepResult = await aws.step(inputs, {
      ...{ container: true, signal: button.signal, onLine },
      beforePost: () => {
        atPost = sleeps();
      },
    });
    expect(atPost).toEqual(["sleep 304"]);
    expect(result.conclusion).toBe("cancelled");
    expect(mainLog(result)).toContain("begun");
    expect(result.post).toMatchObject({ conclusion: "success", annotations: [] });
    await eventually(sleeps, []);
    expect(await aws.objects()).toEqual([]);
  });
});
