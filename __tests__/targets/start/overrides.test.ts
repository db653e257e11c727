import { mergeOverrides, splitOverrides } from "../../../src/targets/start/overrides.ts";
import { thrownBy } from "../../helpers/thrown.ts";

const ours = { containerOverrides: [{ name: "app", command: ["hold"] }], cpu: "512" };

it.each([
  ["adds a new member", { memory: "2048" }, { ...ours, memory: "2048" }],
  ["lets the user's value win", { cpu: "1024" }, { ...ours, cpu: "1024" }],
  [
    "merges a container by its name",
    { containerOverrides: [{ name: "app", environment: [{ name: "A", value: "b" }] }] },
    {
      ...ours,
      containerOverrides: [{ name: "app", command: ["hold"], environment: [{ name: "A", value: "b" }] }],
    },
  ],
  [
    "replaces the command by the user's, and does not merge the two",
    { containerOverrides: [{ name: "app", command: ["own", "one"] }] },
    { ...ours, containerOverrides: [{ name: "app", command: ["own", "one"] }] },
  ],
  [
    "adds the override of another container",
    { containerOverrides: [{ name: "log", cpu: 1 }] },
    {
      ...ours,
      containerOverrides: [
        { name: "app", command: ["hold"] },
        { name: "log", cpu: 1 },
      ],
    },
  ],
])("%s", (_, theirs, expected) => {
  expect(mergeOverrides(ours, theirs)).toEqual(expected);
});

it("tells the members of the task's overrides from those of the request", () => {
  expect(splitOverrides({ cpu: "512", platformVersion: "1.4.0", volumeConfigurations: [] })).toEqual({
    ofTask: { cpu: "512" },
    ofRequest: { platformVersion: "1.4.0", volumeConfigurations: [] },
  });
});

it.each([
  ["containerOverrides[0].comand", { containerOverrides: [{ name: "app", comand: [] }] }],
  ["volumeConfigurations[0].size", { volumeConfigurations: [{ name: "data", size: 20 }] }],
  ["platformversion", { platformversion: "1.4.0" }],
])("refuses a member that ECS does not know, and names its path: %s", (path, theirs) => {
  expect(thrownBy(() => splitOverrides(theirs))).toMatchObject({
    code: "bad-input",
    seen: expect.stringContaining(path) as string,
  });
});

it.each([
  ["cluster", { cluster: "other" }, "the input 'cluster'"],
  ["startedBy", { startedBy: "me" }, "the step itself"],
  ["overrides", { overrides: { cpu: "512" } }, "without 'overrides' around them"],
])("refuses the member %s of the request, and says what sets it", (name, theirs, by) => {
  expect(thrownBy(() => splitOverrides(theirs))).toMatchObject({
    code: "bad-input",
    failed: expect.stringContaining(by) as string,
    seen: expect.stringContaining(`'${name}'`) as string,
  });
});

it("refuses overrides that are longer than ECS accepts", () => {
  const environment = [{ name: "A", value: "x".repeat(8192) }];
  expect(() => mergeOverrides(ours, { containerOverrides: [{ name: "app", environment }] })).toThrow(
    "8192 characters",
  );
});
