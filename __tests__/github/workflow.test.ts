import { jobEnvironment, originOf, workerCount } from "../../src/github/workflow.ts";

const context = {
  repo: { owner: "example", repo: "demo" },
  runId: 42,
  runAttempt: 2,
  serverUrl: "https://github.com",
};

describe("who runs", () => {
  it("is traced back to the workflow run", () => {
    expect(originOf(context)).toMatchObject({
      repository: "example/demo",
      runId: "42",
      runAttempt: "2",
      url: "https://github.com/example/demo/actions/runs/42",
    });
  });

  it("has a new id each time, fit for names of files and objects", () => {
    const ids = new Set(Array.from({ length: 100 }, () => originOf(context).id));
    expect(ids.size).toBe(100);
    for (const id of ids) expect(id).toMatch(/^[0-9a-f]{20}$/);
  });
});

describe("the job's environment", () => {
  const step = {
    GITHUB_REPOSITORY: "example/demo",
    GITHUB_REF_NAME: "",
    GITHUB_TOKEN: "secret",
    ACTIONS_RUNTIME_TOKEN: "secret",
    INPUT_SECRETS: "secret",
    AWS_SECRET_ACCESS_KEY: "secret",
    GITHUB_ENV: "/home/runner/env",
    PATH: "/usr/bin",
  };

  it("tells the job what it is", () => {
    expect(jobEnvironment({ runId: "r1", workers: 3 }, {})).toEqual({
      CI: "true",
      FARGATE_EXEC: "true",
      FARGATE_EXEC_RUN: "r1",
      FARGATE_EXEC_TASK: "0",
      FARGATE_EXEC_TASKS: "1",
      FARGATE_EXEC_WORKERS: "3",
    });
  });

  it("has of the workflow what is set and no secret", () => {
    const { GITHUB_REPOSITORY, ...rest } = jobEnvironment({ runId: "r1", workers: 1 }, step);
    expect(GITHUB_REPOSITORY).toBe("example/demo");
    expect(Object.keys(rest).filter((name) => !/^(CI|FARGATE_EXEC)/.test(name))).toEqual([]);
    expect(Object.values(rest)).not.toContain("secret");
  });

  it.each([
    "GITHUB_REPOSITORY",
    "GITHUB_SHA",
    "GITHUB_REF",
    "GITHUB_REF_NAME",
    "GITHUB_RUN_ID",
    "GITHUB_RUN_NUMBER",
    "GITHUB_RUN_ATTEMPT",
    "GITHUB_ACTOR",
    "GITHUB_WORKFLOW",
    "GITHUB_JOB",
    "GITHUB_SERVER_URL",
    "GITHUB_EVENT_NAME",
  ])("has %s", (name) => {
    expect(jobEnvironment({ runId: "r1", workers: 1 }, { [name]: "x" })[name]).toBe("x");
  });
});

describe("workerCount", () => {
  it.each<[number | "auto", number | undefined, number]>([
    ["auto", 256, 1],
    ["auto", 512, 1],
    ["auto", 1024, 1],
    ["auto", 1025, 2],
    ["auto", 1536, 2],
    ["auto", 2048, 2],
    ["auto", 16_384, 16],
    ["auto", 0, 1],
    ["auto", undefined, 1],
    [1, 4096, 1],
    [7, 256, 7],
    [3, undefined, 3],
  ])("of %s with %s cpu units is %i", (workers, cpu, count) => {
    expect(workerCount(workers, cpu)).toBe(count);
  });
});
