import { checkArchitecture } from "../../../src/ready/checks/architecture.ts";
import { aDefinition, aTask } from "../../helpers/tasks.ts";

const verdict = (image: string, architecture?: string) =>
  checkArchitecture({
    task: undefined,
    container: "app",
    definition: { ...aDefinition([{ image }]), architecture },
  }).verdict;

it.each([
  ["arm64v8/python:3.13", undefined, "NG"],
  ["example/app:1-arm64", "X86_64", "NG"],
  ["example/app:1-aarch64", "ARM64", "OK"],
  ["example/app:1-amd64", undefined, "OK"],
  ["example/app:x86_64", "ARM64", "NG"],
  ["amd64/python:3.13", "ARM64", "NG"],
  ["example/alarm64:1", undefined, "SKIP"],
  ["python:3.13", "ARM64", "SKIP"],
])("the image %s in a task for %s: %s", (image, architecture, expected) => {
  expect(verdict(image, architecture)).toBe(expected);
});

it("an image that runs is for this processor, whatever its name", () => {
  const definition = aDefinition([{ image: "arm64v8/python:3.13" }]);
  expect(checkArchitecture({ task: aTask(), container: "app", definition }).verdict).toBe("OK");
});

it("without the task definition it is skipped", () => {
  expect(checkArchitecture({ task: undefined, container: "app", definition: undefined }).verdict).toBe(
    "SKIP",
  );
});
