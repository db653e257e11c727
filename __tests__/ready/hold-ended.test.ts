import { holdEnded, isHoldEnded } from "../../src/ready/hold-ended.ts";
import { taskStopped } from "../../src/ready/stopped.ts";
import { aContainer, aDefinition, aTask, ID } from "../helpers/tasks.ts";

const ended = (codes: Readonly<Record<string, number | undefined>>, stopCode = "EssentialContainerExited") =>
  taskStopped(
    aTask({
      lastStatus: "STOPPED",
      desiredStatus: "STOPPED",
      stopCode,
      containers: Object.entries(codes).map(([name, exitCode]) =>
        aContainer({ name, exitCode, lastStatus: "STOPPED" }),
      ),
    }),
  );

it.each<[string, ReturnType<typeof ended>, boolean]>([
  ["its program ended with an error", ended({ app: 2 }), true],
  ["its program printed its usage and ended", ended({ app: 0 }), true],
  ["it was killed", ended({ app: 137 }), false],
  ["it was told to stop since another one had failed", ended({ app: 0, proxy: 1 }), false],
  ["it never ran", ended({ app: undefined }), false],
  ["the task was stopped", ended({ app: 1 }, "UserInitiated"), false],
])("decides whether the ENTRYPOINT explains the end of a held container: %s", (_, failure, expected) => {
  expect(isHoldEnded(failure, "app")).toBe(expected);
});

it("names the input, the status, the reason, the log and the right", () => {
  const awslogs = { group: "/ecs/shop", region: undefined, streamPrefix: "shop", createsGroup: false };
  const definition = aDefinition([{ awslogs }]);
  const failure = holdEnded(ended({ app: 2 }), { container: "app", taskId: ID }, "It is denied.", definition);
  expect(failure.code).toBe("hold-ended");
  expect(failure.failed).toMatch(/'hold'.*'app'.*ended with 2 before anything/);
  expect(failure.seen).toMatch(/ENTRYPOINT.*It is denied\./);
  expect(failure.advice).toMatch(/ecs:RegisterTaskDefinition.*"sh", "-c".*'hold: false'/);
  expect(failure.advice).toContain(`log group '/ecs/shop', stream 'shop/app/${ID}'`);
});
