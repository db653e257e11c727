import { originOf } from "../../src/github/workflow.ts";

const context = {
  repo: { owner: "example", repo: "demo" },
  runId: 42,
  runAttempt: 2,
  serverUrl: "https://github.com",
};

describe("the origin of a step", () => {
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
