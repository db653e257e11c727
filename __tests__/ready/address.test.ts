import type { NetworkInterface } from "../../src/aws/ec2.ts";
import { watchAddress } from "../../src/ready/address.ts";
import { Listener, SteppedClock } from "../helpers/stepped.ts";
import { aTask } from "../helpers/tasks.ts";

const found: NetworkInterface = { vpcId: "vpc-1", publicIp: "203.0.113.7" };

function watching(answer: () => Promise<NetworkInterface | undefined>) {
  const asked: string[] = [];
  let task = aTask({ lastStatus: "PENDING" });
  const networkInterface = (id: string) => {
    asked.push(id);
    return answer();
  };
  const ecs = { describeTask: () => Promise.resolve(task) };
  const watched = watchAddress(ecs, {
    ec2: { networkInterface },
    clock: new SteppedClock(),
    log: new Listener(),
  });
  const look = (lastStatus: string) => {
    task = aTask({ lastStatus });
    return watched.ecs.describeTask("ci", task.arn);
  };
  return { asked, look, publicIp: watched.publicIp };
}

it("asks once, when the task has its network, beside the looks at the task", async () => {
  const { asked, look, publicIp } = watching(() => Promise.resolve(found));
  expect((await look("PENDING"))?.lastStatus).toBe("PENDING");
  expect(asked).toEqual([]);
  await look("RUNNING");
  await look("RUNNING");
  expect(asked).toEqual(["eni-1"]);
  expect(await publicIp()).toBe("203.0.113.7");
});

it.each([
  ["there is none", () => Promise.resolve({ ...found, publicIp: undefined })],
  ["the interface is gone", () => Promise.resolve(undefined)],
  ["it may not be looked for", () => Promise.reject(new Error("denied"))],
  ["nobody answers in time", () => new Promise<undefined>(() => undefined)],
])("does without where %s", async (_, answer) => {
  const { look, publicIp } = watching(answer);
  await look("RUNNING");
  expect(await publicIp()).toBeUndefined();
});

it("knows none of a task that never ran", async () => {
  expect(await watching(() => Promise.resolve(found)).publicIp()).toBeUndefined();
});
