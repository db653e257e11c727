import { unknownMembers } from "../../../src/aws/members.ts";
import type { StartInputs } from "../../../src/inputs/inputs.ts";
import { makeImageDefinition, withoutDefined } from "../../../src/targets/definitions/image.ts";
import { startInputs } from "../../helpers/start-inputs.ts";

const start = startInputs({ taskRole: "job" });

it("an image's definition has an init and the given members, and no member that RegisterTaskDefinition does not know", () => {
  const given = { ...start, executionRole: "ecs" };
  const { family, ...definition } = makeImageDefinition(
    { image: "example.com/team/tool:1", architecture: undefined },
    given,
    undefined,
  );
  expect(family).toMatch(/^fargate-exec-tool-[0-9a-f]{16}$/);
  expect(definition).toEqual({
    networkMode: "awsvpc",
    requiresCompatibilities: ["FARGATE"],
    cpu: "256",
    memory: "512",
    taskRoleArn: "job",
    executionRoleArn: "ecs",
    containerDefinitions: [
      {
        name: "app",
        image: "example.com/team/tool:1",
        essential: true,
        entryPoint: ["sh", "-c"],
        linuxParameters: { initProcessEnabled: true },
      },
    ],
  });
  expect(unknownMembers("RegisterTaskDefinition", { family, ...definition })).toEqual([]);
});

it.each([
  ["python", /^fargate-exec-python-/],
  ["python:3.13-slim", /^fargate-exec-python-/],
  ["localhost:5000/a.b/my.tool:x", /^fargate-exec-my-tool-/],
  ["example/tool@sha256:0123", /^fargate-exec-tool-/],
])("an image's definition is in a family that names the image: %s", (image, family) => {
  expect(makeImageDefinition({ image, architecture: undefined }, start, undefined).family).toMatch(family);
});

it.each<[string, string, Partial<StartInputs>, string | undefined]>([
  ["image", "python:3.12", {}, undefined],
  ["size", "python:3.13", { cpu: "512" }, undefined],
  ["role", "python:3.13", { taskRole: "other" }, undefined],
  ["hold", "python:3.13", { hold: false }, undefined],
  ["container", "python:3.13", {}, "web"],
])("an image's definition is in another family with another %s", (_, image, more, container) => {
  const family = makeImageDefinition(
    { image: "python:3.13", architecture: undefined },
    start,
    undefined,
  ).family;
  expect(
    makeImageDefinition({ image, architecture: undefined }, { ...start, ...more }, container).family,
  ).not.toBe(family);
  expect(
    makeImageDefinition(
      { image: "python:3.13", architecture: undefined },
      { ...start, subnets: [], tags: { a: "b" } },
      undefined,
    ).family,
  ).toBe(family);
});

it.each([
  ["x86_64", undefined],
  [undefined, undefined],
  ["arm64", { cpuArchitecture: "ARM64", operatingSystemFamily: "LINUX" }],
] as const)("an image's definition is for architecture %s", (architecture, runtimePlatform) => {
  expect(makeImageDefinition({ image: "python", architecture }, start, undefined)["runtimePlatform"]).toEqual(
    runtimePlatform,
  );
});

it.each([
  [undefined, undefined, "256", "512"],
  ["1024", undefined, "1024", "2048"],
  [undefined, "2048", "256", "2048"],
  [undefined, "3072", "512", "3072"],
  [undefined, "30720", "4096", "30720"],
  ["512", "4096", "512", "4096"],
])("an image's definition for cpu %s and memory %s has %s and %s", (cpu, memory, units, mebibytes) => {
  expect(
    makeImageDefinition({ image: "python", architecture: undefined }, { ...start, cpu, memory }, undefined),
  ).toMatchObject({
    cpu: units,
    memory: mebibytes,
  });
});

it("an image's definition leaves the image's own command alone with 'hold: false'", () => {
  const { containerDefinitions } = makeImageDefinition(
    { image: "python", architecture: undefined },
    { ...start, hold: false },
    undefined,
  );
  expect(containerDefinitions).toEqual([
    expect.not.objectContaining({ entryPoint: expect.anything() as unknown }),
  ]);
});

it("the overrides repeat nothing that an image's definition has", () => {
  const given = { ...start, cpu: "512", memory: "1024", executionRole: "ecs" };
  expect(withoutDefined(given)).toEqual({ ...startInputs() });
});
