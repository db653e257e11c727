import { Failure } from "../../errors.ts";

/** The failure of a step that is cancelled; `seen` says by what. */
export function cancelFailure(seen: string): Failure {
  return new Failure("cancelled", {
    failed: "The run was cancelled.",
    seen,
    advice: "What it started is being stopped; run it again when you want it.",
  });
}
