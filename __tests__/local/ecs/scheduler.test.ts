import type { Ecs } from "../../../local/ecs/ecs.ts";
import type { Deployment } from "../../../local/ecs/deployments/deployment.ts";
import { Scheduler } from "../../../local/ecs/scheduler.ts";
import type { Service } from "../../../local/ecs-shapes.ts";
import type { Task } from "../../../local/task/task.ts";
import { until } from "../../helpers/until.ts";

const service = {
  ...{ serviceArn: "arn:service/demo/web", serviceName: "web", clusterArn: "arn:cluster/demo" },
  ...{ status: "ACTIVE", desiredCount: 0 },
} as Service;

/** A scheduler whose service has one task too many, which is protected for a moment, and whose records can't be read. */
function schedulerWithoutRecords() {
  const task: object = {
    plan: { group: "service:web", cluster: { clusterArn: service.clusterArn }, startedBy: "ecs-svc/1" },
    ...{ desiredStatus: "RUNNING", isProtected: true, protectedUntil: Date.now() + 20 },
  };
  let asked = 0;
  const lines: string[] = [];
  const ecs = {
    tasks: new Map([["task", task as Task]]),
    settings: { log: (line: string) => lines.push(line) },
    records: {
      service: () => {
        asked += 1;
        return Promise.reject(new Error("moto is gone"));
      },
    },
  } as Pick<Ecs, "tasks"> as Ecs;
  const deployment = { id: "ecs-svc/1", isStarted: true } as Deployment;
  return { scheduler: new Scheduler(ecs, () => deployment), lines, asked: () => asked };
}

it("a reconciliation that fails when a protection expires is logged, with the service's name", async () => {
  const { scheduler, lines } = schedulerWithoutRecords();
  await scheduler.reconcile(service);
  await until(() => lines.length > 0);
  expect(lines).toEqual(["service web: moto is gone"]);
});

it("a closed scheduler asks for no service when a protection expires", async () => {
  const { scheduler, lines, asked } = schedulerWithoutRecords();
  const other = schedulerWithoutRecords();
  await scheduler.reconcile(service);
  scheduler.close();
  // Its timer is set after the first one's, for the same time or a later one.
  await other.scheduler.reconcile(service);
  await until(() => other.lines.length > 0);
  expect([asked(), lines]).toEqual([0, []]);
});
