import { ServiceDeployment } from "../../../../local/ecs/deployments/service-deployment.ts";
import { eventually } from "../../../helpers/until.ts";

const ARN = "arn:aws:ecs:eu-central-1:123456789012:service/demo/web";
const revision = (id: string) => ({
  ...{ arn: `${ARN}/${id}`, source: { taskDefinition: `web:${id}` } },
});

/** A deployment with these hooks, of a service that has been deployed before. */
function aDeployment(lifecycleStages: readonly string[] = []): ServiceDeployment {
  return new ServiceDeployment(
    { serviceArn: ARN, clusterArn: "arn:aws:ecs:eu-central-1:123456789012:cluster/demo" },
    { target: revision("2"), source: revision("1") },
    { lifecycleHooks: [{ targetType: "PAUSE", lifecycleStages }] },
    { minuteMs: 60_000 },
  );
}

it.each([
  ["starts its tasks", []],
  ["waits at a hook", ["PRE_SCALE_UP"]],
])("a deployment that is superseded while it %s ends, and goes neither on nor back", async (_, stages) => {
  const done: string[] = [];
  let starts = false;
  const deployment = aDeployment(stages);
  const running = deployment.run({
    scaleUp: (over) =>
      new Promise((__, reject) => {
        starts = true;
        over.addEventListener("abort", () => reject(new Error("over")));
      }),
    finish: () => Promise.resolve(void done.push("finish")),
    rollBack: () => Promise.resolve(void done.push("roll back")),
  });
  await eventually(() => starts || deployment.waits, true);
  deployment.supersede();
  await running;
  expect([deployment.status, done]).toEqual(["STOPPED", []]);
});

it("a deployment tells its times in seconds", () => {
  const { createdAt, brief } = aDeployment();
  expect(brief).toMatchObject({ createdAt: createdAt / 1000, startedAt: createdAt / 1000 });
});
