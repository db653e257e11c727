import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { ListObjectsV2Command, S3Client } from "@aws-sdk/client-s3";
import { parse } from "yaml";
import { runStep, type StepRequest, type StepResult } from "../../local/runner/step.ts";
import { whyNoPodman } from "../../local/task/podman.ts";
import { clientConfig } from "../local/with-local.ts";
import { itInSoak } from "../helpers/every-nth.ts";
import { jobLog, mainLog, processes } from "../helpers/local.ts";
import { withNeed } from "../helpers/needs.ts";
import { Shop } from "../helpers/shop.ts";
import { eventually } from "../helpers/until.ts";

/** A job with `container:`: the runner runs the steps' processes in a container on its machine. */
const describeContainer = withNeed(describe, "podman", whyNoPodman());

interface Example {
  readonly jobs: {
    readonly check: { readonly container: object; readonly steps: [{ with: Record<string, string> }] };
  };
}
const example = parse(readFileSync("examples/workflows/container-job.yml", "utf8")) as Example;
const { container, steps } = example.jobs.check;

/** The arguments of all programs that run on this machine. */
function readArguments(): string {
  return readdirSync("/proc")
    .map((name) => {
      try {
        return /^\d/.test(name) ? readFileSync(`/proc/${name}/cmdline`, "utf8") : "";
      } catch {
        return ""; // it has ended
      }
    })
    .join("\n");
}

describeContainer("in a container on the runner", () => {
  const workspace = mkdtempSync(join(tmpdir(), "workspace-"));
  let shop: Shop;
  beforeAll(async () => {
    shop = await Shop.open();
  });
  afterAll(async () => {
    rmSync(workspace, { recursive: true });
    await shop.stop();
  });

  const step = async (
    inputs: Readonly<Record<string, string>>,
    options: Partial<StepRequest> = {},
  ): Promise<StepResult> =>
    await runStep({
      ...{ actionDir: resolve(import.meta.dirname, "../.."), workspace, container: true },
      ...{ inputs: { ...steps[0].with, ...inputs }, env: { ...shop.endpoint, ...shop.local.idTokenEnv } },
      ...options,
    });

  it("the step of container-job.yml, as it stands, has its exit code, outputs and summary", async () => {
    expect(container).toBeDefined();
    const result = await step({});
    expect(jobLog(result)).toEqual(["System check identified no issues."]);
    expect(result.outputs).toMatchObject({
      ...{ outcome: "succeeded", "exit-code": "0" },
      stdout: "System check identified no issues.",
    });
    expect(result.summary).toContain("fargate-exec: succeeded");
    expect(result.annotations).toEqual([]);
    expect(result.post).toMatchObject({ conclusion: "success", annotations: [] });
  });

  itInSoak("a cancel does not reach main, and post ends the remote job and cleans up", async () => {
    const sleeps = (): readonly string[] =>
      shop.local.tasks
        .flatMap((task) => processes(task, "web"))
        .map(({ command }) => command)
        .filter((command) => command === "sleep 304");
    const button = new AbortController();
    let seen = "";
    const onLine = (line: string): void => {
      if (line !== "begun") return;
      seen = readArguments();
      button.abort();
    };
    const bucket = "example-ci-staging";
    let atPost: readonly string[] = [];
    const result = await step(
      { bucket, run: "echo begun; sleep 304" },
      {
        ...{ signal: button.signal, onLine },
        beforePost: () => {
          atPost = sleeps();
        },
      },
    );
    expect(atPost).toEqual(["sleep 304"]);
    expect(result.conclusion).toBe("cancelled");
    // Every user of the machine can read these.
    expect(seen).toContain("ACTIONS_ID_TOKEN_REQUEST_TOKEN");
    expect(seen).not.toContain(shop.local.idTokenEnv["ACTIONS_ID_TOKEN_REQUEST_TOKEN"]);
    expect(mainLog(result)).toContain("begun");
    expect(result.post).toMatchObject({ conclusion: "success", annotations: [] });
    await eventually(sleeps, []);
    const s3 = new S3Client({ ...clientConfig(shop.local), forcePathStyle: true, maxAttempts: 3 });
    expect((await s3.send(new ListObjectsV2Command({ Bucket: bucket }))).KeyCount).toBe(0);
  });
});
