import { unknownMembers } from "../../src/aws/members.ts";

it.each([
  [
    "knows what ECS knows",
    { cpu: "256", containerOverrides: [{ name: "a", environment: [{ name: "A", value: "b" }] }] },
    [],
  ],
  ["finds a misspelt member at the top", { containerOverride: [] }, ["containerOverride"]],
  [
    "finds misspelt members deep inside",
    { containerOverrides: [{ name: "a" }, { name: "b", comand: ["x"], environment: [{ key: "A" }] }] },
    ["containerOverrides[1].comand", "containerOverrides[1].environment[0].key"],
  ],
])("%s", (_, value, expected) => {
  expect(unknownMembers("TaskOverride", value)).toEqual(expected);
});

it("takes any key when ECS takes any", () => {
  const definition = {
    family: "web",
    containerDefinitions: [
      {
        name: "a",
        logConfiguration: { logDriver: "awslogs", options: { "any-thing": "x" } },
        dockerLabels: { L: "1" },
      },
    ],
  };
  expect(unknownMembers("RegisterTaskDefinition", definition)).toEqual([]);
});
