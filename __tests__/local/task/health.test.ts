import { deferred } from "../../../local/agent/deferred.ts";
import type { HealthCheckDefinition } from "../../../local/ecs-shapes.ts";
import { HealthCheck } from "../../../local/task/health.ts";
import { inTime } from "../../helpers/until.ts";
import { TestContainer } from "../agent/rig.ts";

let container: TestContainer;
beforeAll(async () => {
  container = await TestContainer.start();
});
afterAll(() => container.stop());

it.each<[string, string, HealthCheckDefinition]>([
  ["HEALTHY", "takes less than its timeout", { command: ["CMD-SHELL", "sleep 0.2"], timeout: 60 }],
  ["UNHEALTHY", "takes more than its timeout", { command: ["CMD", "sleep", "300"], timeout: 1 }],
  ["UNHEALTHY", "fails", { command: ["CMD-SHELL", "exit 1"], timeout: 60 }],
])("a container is %s when its check %s", async (health, _how, definition) => {
  const check = new HealthCheck({ ...definition, retries: 1 }, 10);
  const exited = deferred<undefined>();
  const watched = check.watch(container.handle, exited.promise);
  try {
    expect(await inTime("the health", check.known)).toBe(health);
  } finally {
    exited.resolve(undefined);
    await watched;
  }
});
