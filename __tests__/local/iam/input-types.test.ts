import { checkInputTypes } from "../../../local/iam/requests/input-types.ts";

it.each<[string, object, string]>([
  ["RunTask", { tags: "x" }, "tags: a string can not be converted to a list."],
  ["RunTask", { tags: [undefined] }, "tags[]: a null can not be converted to a structure."],
  ["RunTask", { tags: [{ key: 1 }] }, "tags[].key: a number can not be converted to a string."],
  ["RunTask", { overrides: [] }, "overrides: a list can not be converted to a structure."],
  ["RunTask", { count: "1" }, "count: a string can not be converted to a number."],
  [
    "RunTask",
    { enableExecuteCommand: "x" },
    "enableExecuteCommand: a string can not be converted to a boolean.",
  ],
  ["DescribeTasks", { tasks: {} }, "tasks: a structure can not be converted to a list."],
  ["ListTasks", { cluster: ["x"] }, "cluster: a list can not be converted to a string."],
])("%s with %j is answered as ECS does", (operation, body, message) => {
  const refusal = (): unknown => {
    try {
      checkInputTypes(operation, body as Record<string, unknown>);
      return undefined;
    } catch (error) {
      return error;
    }
  };
  expect(refusal()).toMatchObject({ code: "SerializationException", status: 400, message });
});

it.each<[string, object]>([
  ["RunTask", { taskDefinition: "x", count: 1, tags: [{ key: "a", value: "b" }], unknown: 1 }],
  [
    "RegisterTaskDefinition",
    {
      ...{ family: "x", volumes: [{ name: "v", efsVolumeConfiguration: { fileSystemId: "f" } }] },
      containerDefinitions: [
        { name: "a", cpu: 1, dockerLabels: { a: "b" }, essential: true, command: ["x"] },
      ],
    },
  ],
  ["NoSuchCall", { tags: 1 }],
  ["RunTaskRequest", { tags: 1 }],
])("%s with %j passes", (operation, body) => {
  expect(() => checkInputTypes(operation, body as Record<string, unknown>)).not.toThrow();
});
