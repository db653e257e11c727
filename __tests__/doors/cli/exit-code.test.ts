import { exitCodeOf } from "../../../src/doors/cli/exit-code.ts";

it.each([
  ["succeeded", 0, 0],
  ["failed", 3, 3],
  ["timed-out", 124, 124],
  ["cancelled", 130, 130],
  ["cancelled", undefined, 130],
  ["not-started", undefined, 125],
  ["unknown", undefined, 125],
  // The script succeeded, but its deployment took no CONTINUE, or its artifacts are missing.
  ["failed", 0, 125],
] as const)(
  "a run with the outcome '%s' and the script's exit code %s ends with %d",
  (outcome, exitCode, expected) => {
    expect(exitCodeOf({ outcome, exitCode })).toBe(expected);
  },
);

it("a run that lost output ends with 130 instead of 0, but with the script's own exit code when the script failed", () => {
  expect(exitCodeOf({ outcome: "succeeded", exitCode: 0 }, false)).toBe(130);
  expect(exitCodeOf({ outcome: "failed", exitCode: 3 }, false)).toBe(3);
});
