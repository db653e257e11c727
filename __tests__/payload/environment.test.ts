import { jobEnvironment } from "../../src/payload/environment.ts";

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
