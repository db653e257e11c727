import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { runStep, type StepResult } from "../../local/runner/step.ts";
import { distManifest } from "../../scripts/dist-manifest.ts";
import { archiveOfWorkingTree } from "../helpers/archive.ts";

/** Each step that uses the action downloads its archive. */
const LARGEST_ARCHIVE = 700_000;

describe("the archive that a runner downloads, alone", () => {
  const archive = archiveOfWorkingTree();
  let actionDir: string;
  beforeAll(() => {
    actionDir = mkdtempSync(join(tmpdir(), "fargate-exec-dist-"));
    execFileSync("tar", ["-x", "-C", actionDir], { input: archive });
  });
  afterAll(() => rmSync(actionDir, { recursive: true }));

  it("holds the action and its licence, and nothing of its development", () => {
    expect(readdirSync(actionDir).sort()).toEqual(["LICENSE", "action.yml", "attach", "dist", "forward"]);
  });

  it("is small", () => {
    expect(gzipSync(archive).length).toBeLessThan(LARGEST_ARCHIVE);
  });

  it("knows its version", () => {
    const { version } = JSON.parse(readFileSync("package.json", "utf8")) as { version: string };
    expect(readFileSync(join(actionDir, "dist/package.json"), "utf8")).toBe(distManifest(version));
  });

  const step = (inputs: Record<string, string>, env: Record<string, string> = {}): Promise<StepResult> =>
    runStep({ actionDir, inputs, env, workspace: actionDir });

  it("starts, and says what is wrong with the inputs", async () => {
    const { annotations, post } = await step({});
    expect(annotations.map(({ title }) => title)).toEqual(["fargate-exec: bad-input"]);
    expect(post).toMatchObject({ exitCode: 0, log: ["Post job cleanup.", "Nothing was left to undo."] });
  });

  it("has a door for a step that attaches, which says what is wrong with its inputs", async () => {
    const { annotations, post } = await runStep({
      ...{ actionDir: join(actionDir, "attach"), inputs: {}, env: {}, workspace: actionDir },
    });
    expect(annotations[0]?.message).toContain(
      "Input 'handle' must be the output 'handle' of a run that has detached from its job.",
    );
    expect(post).toMatchObject({ exitCode: 0, log: ["Post job cleanup.", "Nothing was left to undo."] });
  });

  it("has a door for a forward, which says what is wrong with its inputs and leaves no process", async () => {
    const { annotations, post } = await runStep({
      ...{ actionDir: join(actionDir, "forward"), inputs: {}, env: {}, workspace: actionDir },
    });
    expect(annotations[0]?.message).toContain(
      "Input 'forwards' must be one forward a line: PORT, LOCAL:PORT",
    );
    expect(post).toMatchObject({ exitCode: 0, annotations: [], log: ["Post job cleanup."] });
  });

  it("can call AWS, through a proxy or not", async () => {
    // Nothing listens there.
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
