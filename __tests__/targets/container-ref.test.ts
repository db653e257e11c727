import { containerRef } from "../../src/targets/container-ref.ts";
import { aTarget } from "../helpers/runs.ts";
import { aContainer, aTask, CLUSTER, ID, TASK } from "../helpers/tasks.ts";

it("a reference names the container to ECS, to Systems Manager and to KMS", () => {
  const task = aTask({
    containers: [aContainer({ name: "log", runtimeId: "r-0" }), aContainer({ runtimeId: "r-1" })],
  });
  expect(containerRef(aTarget(), task)).toEqual({
    cluster: CLUSTER,
    task: TASK,
    container: "app",
    runtimeId: "r-1",
    sessionTarget: `ecs:ci_${ID}_r-1`,
  });
});

it.each([
  ["has no runtime ID", [aContainer({ runtimeId: undefined })]],
  ["is not there", []],
])("fails when the container %s", (_, containers) => {
  expect(() => containerRef(aTarget(), aTask({ containers }))).toThrow(/has no runtime ID/);
});
