import { Throttle } from "../../local/throttle.ts";

describe("the throttle of the ECS API", () => {
  it.each([
    ["RunTask", 100, 40],
    ["DescribeTasks", 100, 20],
    ["RegisterTaskDefinition", 20, 1],
    ["UpdateTaskProtection", 200, 80],
  ])("admits %s: %d calls at once, then %d a second", (operation, burst, rate) => {
    const throttle = new Throttle();
    const admitted = (now: number): number => {
      let count = 0;
      while (throttle.mayCall(operation, now)) count += 1;
      return count;
    };
    expect(admitted(0)).toBe(burst);
    expect(admitted(1000)).toBe(rate);
    expect(admitted(3_600_000)).toBe(burst);
  });

  it("counts ExecuteCommand, RunTask and StopTask together", () => {
    const throttle = new Throttle();
    for (let call = 0; call < 100; call += 1) throttle.mayCall("RunTask", 0);
    expect(throttle.mayCall("ExecuteCommand", 0)).toBe(false);
    expect(throttle.mayCall("StopTask", 0)).toBe(false);
    expect(throttle.mayCall("DescribeTasks", 0)).toBe(true);
  });

  it("counts GetTaskProtection and UpdateTaskProtection together", () => {
    const throttle = new Throttle();
    for (let call = 0; call < 200; call += 1) throttle.mayCall("GetTaskProtection", 0);
    expect(throttle.mayCall("UpdateTaskProtection", 0)).toBe(false);
  });

  it("lets 100 tasks start at once and then 20 a second, counted by tasks and not by calls", () => {
    const throttle = new Throttle();
    const started = (now: number): number => {
      let count = 0;
      while (throttle.mayLaunch(10, now)) count += 10;
      return count;
    };
    expect([started(0), started(400), started(500), started(60_000)]).toEqual([100, 0, 10, 100]);
  });

  it("accepts calls without a published rate", () => {
    expect(new Throttle().mayCall("ListTagsForResource", 0)).toBe(true);
  });
});
