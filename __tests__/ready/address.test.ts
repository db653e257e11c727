import type { NetworkInterface } from "../../src/aws/ec2.ts";
import { PublicAddress } from "../../src/ready/address.ts";
import { TaskLooks } from "../../src/targets/tasks/task-looks.ts";
import { Listener } from "../helpers/listener.ts";
import { SleeplessClock } from "../helpers/stepped-clock.ts";
import { aDefinition, aTask } from "../helpers/tasks.ts";

const found: NetworkInterface = {
  vpcId: "vpc-1",
  publicIp: "203.0.113.7",
  subnetId: "subnet-1",
  securityGroups: ["sg-1"],
};

/** Looks at one task. EC2 gives `answer` when it is asked for the public address. */
function lookAtTask(answer: () => Promise<NetworkInterface | undefined>) {
  const asked: string[] = [];
  let task = aTask({ lastStatus: "PENDING" });
  const networkInterface = (id: string) => {
    asked.push(id);
    return answer();
  };
  const ecs = {
    describeTask: () => Promise.resolve(task),
    describeTasks: () => Promise.resolve([task]),
    describeTaskDefinition: () => Promise.resolve(aDefinition()),
  };
  const clock = new SleeplessClock();
  const looks = new TaskLooks({ ecs, tasks: [task.arn], described: [], clock });
  const address = new PublicAddress(task.arn, {
    looks,
    ec2: { describeNetworkInterface: networkInterface },
    clock,
    log: new Listener(),
  });
  const look = (lastStatus: string) => {
    task = aTask({ lastStatus });
    return looks.describeTask("ci", task.arn);
  };
  return { asked, look, address };
}

it("the public address is asked for once, when a look shows that the task has its network", async () => {
  const { asked, look, address } = lookAtTask(() => Promise.resolve(found));
  expect((await look("PENDING"))?.lastStatus).toBe("PENDING");
  expect(asked).toEqual([]);
  await look("RUNNING");
  await look("RUNNING");
  expect(asked).toEqual(["eni-1"]);
  expect(await address.get()).toBe("203.0.113.7");
});

it.each([
  ["there is none", () => Promise.resolve({ ...found, publicIp: undefined })],
  ["the interface is gone", () => Promise.resolve(undefined)],
  ["it may not be looked for", () => Promise.reject(new Error("denied"))],
  ["nothing answers in time", () => new Promise<undefined>(() => undefined)],
])("the public address is undefined when %s", async (_, answer) => {
  const { look, address } = lookAtTask(answer);
  await look("RUNNING");
  expect(await address.get()).toBeUndefined();
});

it("the public address is undefined for a task that never ran", async () => {
  expect(await lookAtTask(() => Promise.resolve(found)).address.get()).toBeUndefined();
});
