import { Failure } from "../../../src/errors.ts";
import { cancelFailure, cancelledAs } from "../../../src/run/step/cancelled.ts";

it.each(["shell", "forward"] as const)("a cancelled %s is no cancelled run", (what) => {
  expect(cancelledAs(what, cancelFailure("SIGTERM was received."))).toMatchObject({
    code: "cancelled",
    failed: `The ${what} was cancelled.`,
    seen: "SIGTERM was received.",
  });
  const other = new Failure("session-lost", { failed: "", seen: "", advice: "" });
  expect(cancelledAs(what, other)).toBe(other);
});
