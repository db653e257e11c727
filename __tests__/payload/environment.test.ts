import { jobEnvironment } from "../../src/payload/environment.ts";

describe("the job's environment", () => {
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

  it("has the variables of the workflow, too", () => {
    expect(jobEnvironment({ runId: "r1", workers: 1 }, { GITHUB_SHA: "x" })).toMatchObject({
      GITHUB_SHA: "x",
    });
  });
});
