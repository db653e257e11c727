import { least, read, refusal } from "./given.ts";

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
