import { jest } from "@jest/globals";
import { has } from "./needs.ts";

const { CI, TESTS_WITHOUT } = process.env;

let written: jest.SpiedFunction<typeof process.stderr.write>;

beforeEach(() => {
  delete process.env["CI"];
  delete process.env["TESTS_WITHOUT"];
  written = jest.spyOn(process.stderr, "write").mockReturnValue(true);
});

afterEach(() => {
  jest.restoreAllMocks();
  Object.assign(process.env, {
    ...(CI !== undefined && { CI }),
    ...(TESTS_WITHOUT !== undefined && { TESTS_WITHOUT }),
  });
});

it("a need that is met is met in CI, too", () => {
  process.env["CI"] = "true";
  expect(has("zsh", undefined)).toBe(true);
});

it("a line says what is missing, and the tests that need it are skipped", () => {
  expect(has("zsh", "zsh is not on PATH.")).toBe(false);
  expect(written).toHaveBeenCalledWith("SKIPPED, tests that need zsh: zsh is not on PATH.\n");
});

it("in CI what is missing is an error that says how to excuse it", () => {
  process.env["CI"] = "true";
  process.env["TESTS_WITHOUT"] = "podman";
  expect(() => has("zsh", "zsh is not on PATH.")).toThrow(/zsh is not on PATH\.\n.*TESTS_WITHOUT=zsh/);
});

it("in CI a variable excuses what the machine can't have", () => {
  process.env["CI"] = "true";
  process.env["TESTS_WITHOUT"] = "podman, zsh";
  expect(has("zsh", "zsh is not on PATH.")).toBe(false);
});
