import { mergeOverrides } from "../../../src/targets/start/overrides.ts";
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

it("refuses a member that ECS does not know, and names its path", () => {
  expect(
    thrownBy(() => mergeOverrides(ours, { containerOverrides: [{ name: "app", comand: [] }] })),
  ).toMatchObject({
    code: "bad-input",
    seen: expect.stringContaining("containerOverrides[0].comand") as string,
  });
});

it("refuses overrides that are longer than ECS accepts", () => {
  const environment = [{ name: "A", value: "x".repeat(8192) }];
  expect(() => mergeOverrides(ours, { containerOverrides: [{ name: "app", environment }] })).toThrow(
    "8192 characters",
  );
});
