import { least, read, refusal } from "./given.ts";

const rerunning = { ...least, items: "a\nb", bucket: "example-ci" };
const inWorkflow = { env: { GITHUB_RUN_ID: "7" } };

describe("the reasons to run the script again", () => {
  it.each([
    [{}, undefined],
    [{ retry: "spot" }, { reasons: ["spot"], exitCodes: [], attempts: 2 }],
    [
      { retry: "unknown, 75\n137, infrastructure, 75", "retry-attempts": "5" },
      { reasons: ["infrastructure", "unknown"], exitCodes: [75, 137], attempts: 5 },
    ],
  ])("by %j are %j", (given, retry) => {
    expect(read({ ...least, ...given }).retry).toEqual(retry);
  });

  it("are not 'rerun', which is for the next attempt of the workflow's run", () => {
    const { retry, rerun } = read({ ...rerunning, retry: "rerun" }, inWorkflow);
    expect([retry, rerun]).toEqual([undefined, true]);
    const both = read({ ...rerunning, retry: "rerun, spot" }, inWorkflow);
    expect([both.retry, both.rerun]).toEqual([{ reasons: ["spot"], exitCodes: [], attempts: 2 }, true]);
  });

  it.each([
    [{ items: "" }, "Input 'retry' must be without rerun unless 'items' is given."],
    [{ bucket: "" }, "Input 'bucket' must be given with 'retry: rerun'."],
    [{ "retry-attempts": "3" }, "Input 'retry-attempts' must be empty with 'retry: rerun' alone."],
    [{ detach: "true" }, "Input 'detach' must be left out with 'retry'."],
  ])("are refused with 'rerun' and %j", (given, failed) => {
    expect(refusal({ ...rerunning, retry: "rerun", ...given }, inWorkflow).failed).toBe(failed);
  });

  it("are refused with 'rerun' outside of a workflow, and the command line has another way", () => {
    const failure = refusal({ ...rerunning, retry: "rerun" });
    expect(failure.failed).toBe("Input 'retry' must be without rerun for a run that has no attempts.");
    expect(failure.partsFor("program").advice).toContain("--resume FILE");
  });

  it.each([
    ["always", "'always'"],
    ["0", "'0'"],
    ["spot, 256", "'256'"],
    [",", "','"],
  ])("are not %j", (retry, got) => {
    expect(refusal({ ...least, retry })).toMatchObject({
      failed: expect.stringContaining("Input 'retry' must be reasons to run the script again") as string,
      seen: `Got ${got}.`,
    });
  });

  it.each([
    [{ "retry-attempts": "3" }, "Input 'retry-attempts' must be empty without 'retry'."],
    [{ retry: "spot", "retry-attempts": "1" }, "Input 'retry-attempts' must be a whole number from 2 to 10."],
    [
      { retry: "spot", "retry-attempts": "11" },
      "Input 'retry-attempts' must be a whole number from 2 to 10.",
    ],
  ])("are refused with %j", (given, failed) => {
    expect(refusal({ ...least, ...given }).failed).toBe(failed);
  });
});
