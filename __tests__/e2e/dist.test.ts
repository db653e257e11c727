import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { runStep, type StepResult } from "../../demo/runner.ts";

const REPOSITORY = fileURLToPath(new URL("../..", import.meta.url));

describe("dist/, as a runner checks it out, without node_modules", () => {
  let actionDir: string;
  beforeAll(() => {
    actionDir = mkdtempSync(join(tmpdir(), "fargate-exec-dist-"));
    for (const name of ["action.yml", "dist"])
      cpSync(join(REPOSITORY, name), join(actionDir, name), { recursive: true });
  });
  afterAll(() => rmSync(actionDir, { recursive: true }));

  const step = (inputs: Record<string, string>, env: Record<string, string> = {}): Promise<StepResult> =>
    runStep({ actionDir, inputs, env, workspace: actionDir });

  it("starts, and tells what is wrong with the inputs", async () => {
    const { annotations, post } = await step({});
    expect(annotations.map(({ title }) => title)).toEqual(["fargate-exec: bad-input"]);
    expect(post).toMatchObject({ exitCode: 0, log: ["Post job cleanup.", "Nothing was left to undo."] });
  });

  it("has what it needs to speak to AWS, through a proxy or not", async () => {
    // Nobody listens there.
    const env = {
      AWS_REGION: "eu-west-1",
      AWS_ACCESS_KEY_ID: "AKIAIOSFODNN7EXAMPLE",
      AWS_SECRET_ACCESS_KEY: "example",
      AWS_ENDPOINT_URL: "http://127.0.0.1:9",
      AWS_MAX_ATTEMPTS: "1",
    };
    const inputs = { task: "0123456789abcdef0123456789abcdef", run: "true" };
    const results = await Promise.all([
      step(inputs, env),
      step(inputs, { ...env, HTTP_PROXY: "http://127.0.0.1:9" }),
    ]);
    for (const { annotations } of results)
      expect(annotations.map(({ title }) => title)).toEqual(["fargate-exec: aws-unreachable"]);
  });
});
