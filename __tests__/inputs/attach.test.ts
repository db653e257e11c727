import { type JobHandle, writeHandle } from "../../src/inputs/handle.ts";
import { HANDLE_TEXT, HANDLE } from "./a-handle.ts";
import { least, newTask, read, refusal } from "./given.ts";

describe("attach", () => {
  it("takes artifacts only when the handle says that the job has some, and which", () => {
    const limits = { "artifacts-path": "back" };
    const globs = [{ pattern: "out", isExclusion: false }];
    const having = (artifacts: JobHandle["artifacts"]) =>
      read({ handle: writeHandle({ ...HANDLE, artifacts }), ...limits }).artifacts;
    expect(having(globs)).toMatchObject({ globs, directory: "/repo/back", missing: "warn" });
    expect(having(undefined)).toBeUndefined();
  });

  it("takes the target, the bucket and the region from the handle", () => {
    expect(
      read({ handle: HANDLE_TEXT, "role-to-assume": "arn:aws:iam::123456789012:role/deploy", detach: "90m" }),
    ).toMatchObject({
      where: { kind: "handle", handle: HANDLE },
      ...{ cluster: HANDLE.cluster, container: "app", region: "eu-west-1", script: { kind: "none" } },
      ...{ bucket: "example-ci", prefix: "ci/", kmsKeyId: "alias/ci", detach: 5_400_000 },
    });
  });

  it("excludes every input that says where or what to run", () => {
    const { message } = refusal({
      handle: HANDLE_TEXT,
      ...least,
      ...newTask,
      region: "",
      timeout: "2h",
      bucket: "b",
      secrets: "A=hunter22",
    });
    for (const name of ["service", "run", "task-definition", "subnets", "timeout", "bucket", "secrets"])
      expect(message).toContain(`Input '${name}' must be left out with 'handle'.`);
    expect(message).not.toContain("hunter22");
  });

  it("refuses another region than the job's", () => {
    expect(refusal({ handle: HANDLE_TEXT, region: "us-east-1" }).message).toContain(
      "that of the job, eu-west-1",
    );
    expect(
      refusal({ handle: HANDLE_TEXT, "role-to-assume": "arn:aws-cn:iam::123456789012:role/x" }).message,
    ).toContain("'aws'");
  });

  it.each([["steps.part.outputs.handle"], [HANDLE_TEXT.slice(0, -3)], [`${HANDLE_TEXT}x`]])(
    "refuses what is no whole handle: %#",
    (given) => {
      const { code, message } = refusal({ handle: given });
      expect([code, message]).toEqual(["bad-input", expect.stringContaining("the output 'handle' of a run")]);
      expect(message).not.toContain(given.slice(4, 30));
    },
  );
});

describe("detach", () => {
  it.each([
    ["true", 0],
    ["false", undefined],
    ["45m", 2_700_000],
  ])("%s", (detach, ms) => {
    expect(read({ ...least, detach }).detach).toBe(ms);
  });

  it.each([
    ["a duration or a word", { detach: "soon" }, "true or false, or"],
    ["one task", { detach: "true", tasks: "2" }, "left out with 'tasks'"],
    ["no log that is read after the end", { detach: "true", logs: "s3" }, "left out with 'logs: s3'"],
    ["no retry", { detach: "true", retry: "spot" }, "left out with 'retry'"],
    [
      "no deployment",
      { detach: "true", task: "", service: "web", deployment: "true" },
      "left out with 'deployment'",
    ],
    ["no lock", { detach: "true", bucket: "example-ci", lock: "shop" }, "left out with 'lock'"],
    ["less than the timeout", { detach: "60m" }, "shorter than 'timeout'"],
    [
      "artifacts that a handle can hold",
      { detach: "true", artifacts: "a".repeat(5_997) },
      "Input 'artifacts' must be lines of 6000 bytes at most with 'detach'",
    ],
  ])("needs %s", (_, given, words) => {
    expect(refusal({ ...least, ...given }).message).toContain(words);
  });
});
