import { mergeOverrides } from "../../../src/targets/start/overrides.ts";
import { thrownBy } from "../../helpers/thrown.ts";

const held = { containerOverrides: [{ name: "app", command: ["hold"] }], cpu: "512" };

it.each([
  ["adds what is new", { memory: "2048" }, { ...held, memory: "2048" }],
  ["lets the user's value win", { cpu: "1024" }, { ...held, cpu: "1024" }],
  [
    "merges a container by its name",
    { containerOverrides: [{ name: "app", environment: [{ name: "A", value: "b" }] }] },
    {
      ...held,
      containerOverrides: [{ name: "app", command: ["hold"], environment: [{ name: "A", value: "b" }] }],
    },
  ],
  [
    "takes the user's command whole",
    { containerOverrides: [{ name: "app", command: ["own", "one"] }] },
    { ...held, containerOverrides: [{ name: "app", command: ["own", "one"] }] },
  ],
  [
    "keeps another container apart",
    { containerOverrides: [{ name: "log", cpu: 1 }] },
    {
      ...held,
      containerOverrides: [
        { name: "app", command: ["hold"] },
        { name: "log", cpu: 1 },
      ],
    },
  ],
])("%s", (_, theirs, expected) => {
  expect(mergeOverrides(held, theirs)).toEqual(expected);
});

it("refuses what ECS does not know, by its path", () => {
  expect(
    thrownBy(() => mergeOverrides(held, { containerOverrides: [{ name: "app", comand: [] }] })),
  ).toMatchObject({
    code: "bad-input",
    seen: expect.stringContaining("containerOverrides[0].comand") as string,
  });
});

it("refuses what is longer than ECS takes", () => {
  const environment = [{ name: "A", value: "x".repeat(8192) }];
  expect(() => mergeOverrides(held, { containerOverrides: [{ name: "app", environment }] })).toThrow(
    "8192 characters",
  );
});
