import type { TaskDefinition } from "../../../src/aws/task-definition.ts";
import type { Task } from "../../../src/aws/task.ts";
import { containerChecks } from "../../../src/ready/checks/container.ts";
import { startInputs } from "../../helpers/start-inputs.ts";
import { aContainer, aDefinition, aTask } from "../../helpers/tasks.ts";

function states(task: Task, definition: TaskDefinition | undefined): Record<string, string> {
  const checks = containerChecks({ task, definition, container: "app" });
  return Object.fromEntries(checks.map(({ name, verdict }) => [name, verdict]));
}

it("finds all in order where it is", () => {
  expect(new Set(Object.values(states(aTask(), aDefinition())))).toEqual(new Set(["OK"]));
});

const agent = (status: string, reason?: string) => [aContainer({ execAgent: { status, reason } })];

it.each<[string, Task, TaskDefinition]>([
  ["ECS Exec", aTask({ enableExecuteCommand: false }), aDefinition()],
  ["task", aTask({ lastStatus: "DEACTIVATING" }), aDefinition()],
  ["exec agent", aTask({ containers: agent("STOPPED", "out of memory") }), aDefinition()],
  ["task role", aTask(), { ...aDefinition(), taskRoleArn: undefined }],
  ["platform version", aTask({ platformVersion: "1.3.0" }), aDefinition()],
  ["root file system", aTask(), aDefinition([{ readonlyRootFilesystem: true }])],
  ["static credentials", aTask(), aDefinition([{ environmentNames: ["A", "AWS_SECRET_ACCESS_KEY"] }])],
  ["proxy", aTask(), aDefinition([{ environmentNames: ["https_proxy"] }])],
  ["pidMode", aTask(), { ...aDefinition([{}, { name: "log" }]), pidMode: "task" }],
  ["init process", aTask(), aDefinition([{ initProcessEnabled: false }])],
])("finds fault with the %s alone, and says what to do", (what, task, definition) => {
  const wrong = containerChecks({ task, definition, container: "app" }).filter(
    ({ verdict }) => verdict === "NG",
  );
  expect(wrong.map((check) => check.name)).toEqual([what]);
  expect(wrong[0]).toMatchObject({ fix: expect.stringMatching(/^[A-Z].*\.$/) as string });
});

it("is content with a read-only root that has volumes where the agent writes, and names those that lack", () => {
  const places = ["/managed-agents", "/var/lib/amazon/ssm", "/var/log/amazon/ssm"];
  const readOnly = (writableMounts: readonly string[]) =>
    aDefinition([{ readonlyRootFilesystem: true, writableMounts }]);
  expect(states(aTask(), readOnly(places))["root file system"]).toBe("OK");
  const checks = containerChecks({
    task: aTask(),
    definition: readOnly(places.slice(0, 2)),
    container: "app",
  });
  const root = checks.find(({ name }) => name === "root file system");
  expect(root).toMatchObject({
    verdict: "NG",
    seen: "it is read-only, and the agent writes to /var/log/amazon/ssm",
  });
  for (const place of places) expect(root).toMatchObject({ fix: expect.stringContaining(place) as string });
});

it("is content with a proxy that spares the credentials", () => {
  const definition = aDefinition([{ environmentNames: ["HTTP_PROXY", "NO_PROXY"] }]);
  expect(states(aTask(), definition)["proxy"]).toBe("OK");
});

it("goes by the task role that the task was started with", () => {
  const task = aTask({ taskRoleArn: "arn:aws:iam::123456789012:role/other" });
  expect(states(task, { ...aDefinition(), taskRoleArn: undefined })["task role"]).toBe("OK");
});

it("takes any platform of Windows, which has had ECS Exec from its first", () => {
  const task = aTask({ platformVersion: "1.0.0", platformFamily: "WINDOWS_SERVER_2022_CORE" });
  expect(states(task, aDefinition())["platform version"]).toBe("OK");
});

it("skips what only a definition tells that may not be read", () => {
  expect(states(aTask(), undefined)).toMatchObject({
    "exec agent": "OK",
    "task role": "SKIP",
    "root file system": "SKIP",
    "static credentials": "SKIP",
    proxy: "SKIP",
    pidMode: "SKIP",
    "init process": "SKIP",
  });
});

it("knows no platform version of a task on instances, or of one that would be started there", () => {
  const onInstance = states(aTask({ launchType: "EC2", platformVersion: undefined }), aDefinition());
  expect(onInstance["platform version"]).toBe("SKIP");
  const start = startInputs({ launchType: "EC2" });
  const checks = containerChecks({ task: undefined, definition: aDefinition(), container: "app", start });
  expect(checks.find(({ name }) => name === "platform version")).toMatchObject({
    verdict: "SKIP",
    seen: expect.stringContaining("1.50.2") as string,
  });
});
