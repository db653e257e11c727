import { contentOf, type TaskDefinition } from "../../../src/aws/task-definition.ts";
import type { Task } from "../../../src/aws/task.ts";
import { checkContainer } from "../../../src/ready/checks/container.ts";
import { startInputs } from "../../helpers/start-inputs.ts";
import { aContainer, aDefinition, aTask } from "../../helpers/tasks.ts";

function states(task: Task, definition: TaskDefinition | undefined): Record<string, string> {
  const checks = checkContainer({ task, definition, container: "app" });
  return Object.fromEntries(checks.map(({ name, verdict }) => [name, verdict]));
}

it("every row is OK when all is in order", () => {
  expect(new Set(Object.values(states(aTask(), aDefinition())))).toEqual(new Set(["OK"]));
});

const agent = (status: string, reason?: string) => [aContainer({ execAgent: { status, reason } })];

it.each<[string, Task, TaskDefinition]>([
  ["ECS Exec", aTask({ enableExecuteCommand: false }), aDefinition()],
  ["task", aTask({ lastStatus: "DEACTIVATING" }), aDefinition()],
  ["exec agent", aTask({ containers: agent("STOPPED", "out of memory") }), aDefinition()],
  ["exec agent", aTask({ containers: [aContainer({ execAgent: undefined })] }), aDefinition()],
  ["task role", aTask(), { ...aDefinition(), taskRoleArn: undefined }],
  ["platform version", aTask({ platformVersion: "1.3.0" }), aDefinition()],
  ["root file system", aTask(), aDefinition([{ readonlyRootFilesystem: true }])],
  ["static credentials", aTask(), aDefinition([{ environmentNames: ["A", "AWS_SECRET_ACCESS_KEY"] }])],
  ["proxy", aTask(), aDefinition([{ environmentNames: ["https_proxy"] }])],
  ["pidMode", aTask(), { ...aDefinition([{}, { name: "log" }]), pidMode: "task" }],
  ["init process", aTask(), aDefinition([{ initProcessEnabled: false }])],
])("finds fault with the %s alone, and says what to do", (what, task, definition) => {
  const wrong = checkContainer({ task, definition, container: "app" }).filter(
    ({ verdict }) => verdict === "NG",
  );
  expect(wrong.map((check) => check.name)).toEqual([what]);
  expect(wrong[0]).toMatchObject({ fix: expect.stringMatching(/^[A-Z].*\.$/) as string });
});

it("accepts a read-only root that has volumes where the agent writes, and names the directories without one", () => {
  const places = ["/managed-agents", "/var/lib/amazon/ssm", "/var/log/amazon/ssm"];
  const readOnly = (writableMounts: readonly string[]) =>
    aDefinition([{ readonlyRootFilesystem: true, writableMounts }]);
  expect(states(aTask(), readOnly(places))["root file system"]).toBe("OK");
  const checks = checkContainer({
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

it("looks at no agent of a task without ECS Exec", () => {
  const off = aTask({ enableExecuteCommand: false, containers: [aContainer({ execAgent: undefined })] });
  expect(states(off, aDefinition())).toMatchObject({ "ECS Exec": "NG", "exec agent": "SKIP" });
});

const proxyRow = (facts: Partial<Parameters<typeof checkContainer>[0]>) =>
  checkContainer({ task: aTask(), definition: aDefinition(), container: "app", ...facts }).find(
    ({ name }) => name === "proxy",
  );

it.each([
  ["169.254.169.254,169.254.170.2", "OK"],
  ["localhost, 169.254.170.2:80 ,169.254.169.254", "OK"],
  ["169.254.0.0/16", "OK"],
  ["*", "OK"],
  ["localhost", "NG"],
  ["", "NG"],
  ["169.254.169.254", "NG"],
  ["169.254.169.254 169.254.170.2", "NG"],
  ["169.254.169.0/24", "NG"],
  ["169.254.*", "NG"],
  ["169.254.169.254,169.254.170.20", "NG"],
  ["0.0.0.0/99", "NG"],
])("a proxy with NO_PROXY %j is %s, as the agent reads that", (value, verdict) => {
  const container = { environmentNames: ["HTTP_PROXY", "NO_PROXY"], noProxy: { NO_PROXY: value } };
  expect(proxyRow({ definition: aDefinition([container]) })).toMatchObject({ verdict });
});

it("names the address that NO_PROXY lacks, and reads no_proxy only when NO_PROXY is empty", () => {
  const spared = "169.254.169.254,169.254.170.2";
  const names = ["HTTP_PROXY", "no_proxy", "NO_PROXY"];
  const both = (noProxy: Readonly<Record<string, string>>) =>
    proxyRow({ definition: aDefinition([{ environmentNames: names, noProxy }]) });
  expect(both({ NO_PROXY: "169.254.169.254", no_proxy: spared })).toMatchObject({
    verdict: "NG",
    seen: "the environment sets HTTP_PROXY, and NO_PROXY without 169.254.170.2",
  });
  expect(both({ NO_PROXY: "", no_proxy: spared })).toMatchObject({ verdict: "OK" });
});

it("reads NO_PROXY of the definition, and no other value", () => {
  const variables = { NO_PROXY: "169.254.0.0/16", HTTP_PROXY: "http://me:secret@proxy", TOKEN: "t" };
  const environment = Object.entries(variables).map(([name, value]) => ({ name, value }));
  const definition = contentOf({ containerDefinitions: [{ name: "app", environment }] });
  expect(proxyRow({ definition })).toMatchObject({ verdict: "OK" });
  expect(definition.containers[0]?.noProxy).toEqual({ NO_PROXY: "169.254.0.0/16" });
});

it("skips the proxy when a secret holds NO_PROXY", () => {
  const definition = aDefinition([{ environmentNames: ["HTTP_PROXY", "NO_PROXY"] }]);
  expect(proxyRow({ definition })).toMatchObject({ verdict: "SKIP" });
});

it("counts the environment that 'overrides' gives the container", () => {
  const overriding = (environment: unknown, name = "app") => {
    const start = startInputs({ overrides: { containerOverrides: [{ name, environment }] } });
    const behind = aDefinition([
      { environmentNames: ["HTTPS_PROXY", "NO_PROXY"], noProxy: { NO_PROXY: "169.254.0.0/16" } },
    ]);
    const checks = checkContainer({ task: undefined, definition: behind, container: "app", start });
    return checks.flatMap((row) => (row.verdict === "NG" ? row.name : []));
  };
  expect(overriding([{ name: "AWS_ACCESS_KEY_ID", value: "x" }])).toEqual(["static credentials"]);
  expect(overriding([{ name: "NO_PROXY", value: "localhost" }])).toEqual(["proxy"]);
  expect(overriding([{ name: "AWS_ACCESS_KEY_ID", value: "x" }], "log")).toEqual([]);
  expect(overriding([{ name: "NO_PROXY", value: "*" }, { value: "x" }, "y"])).toEqual([]);
  expect(overriding("nothing that ECS takes")).toEqual([]);
});

it("checks the task role that the task was started with", () => {
  const task = aTask({ taskRoleArn: "arn:aws:iam::123456789012:role/other" });
  expect(states(task, { ...aDefinition(), taskRoleArn: undefined })["task role"]).toBe("OK");
});

it("accepts any platform version of Windows, since all of them have ECS Exec", () => {
  const task = aTask({ platformVersion: "1.0.0", platformFamily: "WINDOWS_SERVER_2022_CORE" });
  expect(states(task, aDefinition())["platform version"]).toBe("OK");
});

it("skips what only the task definition shows when that may not be read", () => {
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

it("a new task has the platform version of the overrides, else that of the service, else the newest", () => {
  const seen = (overrides: object, platformVersion?: string) =>
    checkContainer({
      ...{ task: undefined, definition: aDefinition(), container: "app" },
      start: startInputs({ overrides: { ...overrides }, platformVersion }),
    }).find(({ name }) => name === "platform version");
  expect(seen({ platformVersion: "1.3.0" }, "1.4.0")).toMatchObject({ verdict: "NG", seen: "1.3.0" });
  expect(seen({}, "1.4.0")).toMatchObject({ verdict: "OK", seen: "1.4.0" });
  expect(seen({})).toMatchObject({ verdict: "OK", seen: "LATEST" });
});

it("skips the platform version of a task on instances, or of one that would be started there", () => {
  const onInstance = states(aTask({ launchType: "EC2", platformVersion: undefined }), aDefinition());
  expect(onInstance["platform version"]).toBe("SKIP");
  const start = startInputs({ launchType: "EC2" });
  const checks = checkContainer({ task: undefined, definition: aDefinition(), container: "app", start });
  expect(checks.find(({ name }) => name === "platform version")).toMatchObject({
    verdict: "SKIP",
    seen: expect.stringContaining("1.50.2") as string,
  });
});
