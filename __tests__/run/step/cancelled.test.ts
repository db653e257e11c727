import { Failure } from "../../../src/errors.ts";
import { cancelFailure, cancelledAs } from "../../../src/run/step/cancelled.ts";

it.each(["shell", "forward"] as const)("a cancelled %s is no cancelled run", async (what) => {
  const cancelled = Promise.reject(cancelFailure("SIGTERM was received."));
  await expect(cancelledAs(what, cancelled)).rejects.toMatchObject({
    code: "cancelled",
    failed: `The ${what} was cancelled.`,
    seen: "SIGTERM was received.",
  });
  const other = new Failure("session-lost", { failed: "", seen: "", advice: "" });
  await expect(cancelledAs(what, Promise.reject(other))).rejects.toBe(other);
  expect(await cancelledAs(what, Promise.resolve(7))).toBe(7);
});
