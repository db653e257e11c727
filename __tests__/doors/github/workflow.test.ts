import { systemClock } from "../../../src/clock.ts";
import { stepOrigin, workflowRun } from "../../../src/doors/github/workflow.ts";

const ENV = {
  GITHUB_REPOSITORY: "example/demo",
  GITHUB_RUN_ID: "42",
  GITHUB_RUN_ATTEMPT: "2",
  GITHUB_SERVER_URL: "https://github.com",
};
const CONTEXT = {
  ...{ repo: { owner: "example", repo: "demo" }, runId: 42, runAttempt: 2 },
  serverUrl: "https://github.com",
};
const originOf = (env: NodeJS.ProcessEnv) => stepOrigin(CONTEXT, env, systemClock.random);

describe("the origin of a step", () => {
  it("names the repository and the workflow run", () => {
    expect(originOf(ENV)).toMatchObject({
      repository: "example/demo",
      runId: "42",
      runAttempt: "2",
      url: "https://github.com/example/demo/actions/runs/42",
    });
  });

  it("has a new id each time, fit for names of files and objects", () => {
    const ids = new Set(Array.from({ length: 100 }, () => originOf(ENV).id));
    expect(ids.size).toBe(100);
    for (const id of ids) expect(id).toMatch(/^[0-9a-f]{20}$/);
  });

  it("has the workflow's variables that are set, and no secret", () => {
    const { variables } = originOf({
      GITHUB_REPOSITORY: "example/demo",
      GITHUB_REF_NAME: "",
      GITHUB_TOKEN: "secret",
      ACTIONS_RUNTIME_TOKEN: "secret",
      INPUT_SECRETS: "secret",
      AWS_SECRET_ACCESS_KEY: "secret",
      GITHUB_ENV: "/home/runner/env",
      PATH: "/usr/bin",
    });
    expect(variables).toEqual({ GITHUB_REPOSITORY: "example/demo" });
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
    expect(originOf({ ...ENV, [name]: "x" }).variables).toMatchObject({ [name]: "x" });
  });
});

describe("the workflow run", () => {
  const env = {
    GITHUB_SERVER_URL: "https://github.com",
    GITHUB_REPOSITORY: "example/demo",
    GITHUB_RUN_ID: "42",
  };

  it("is read from its variables", () => {
    expect(workflowRun({ ...env, GITHUB_RUN_ATTEMPT: "2" })).toEqual({
      runId: "42",
      runAttempt: "2",
      url: "https://github.com/example/demo/actions/runs/42",
    });
  });

  it.each(Object.keys(env))("is undefined without %s", (name) => {
    expect(workflowRun({ ...env, [name]: "" })).toBeUndefined();
  });
});
