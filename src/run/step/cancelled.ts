import { Failure } from "../../errors.ts";

/** The failure of a step that is cancelled; `seen` says by what. */
export function cancelFailure(seen: string): Failure {
  return new Failure("cancelled", {
    failed: "The run was cancelled.",
    seen,
    advice: "What it started is being stopped; run it again when you want it.",
  });
}

/** Throws a cancel of this work in words for what is no run, and any other error as it is. */
export async function cancelledAs<T>(what: "forward" | "shell", work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw inWordsOf(what, error);
  }
}

function inWordsOf(what: "forward" | "shell", error: unknown): unknown {
  if (!(error instanceof Failure) || error.code !== "cancelled") return error;
  const loss = { forward: "Its ports are closed.", shell: "What runs in it gets SIGHUP." }[what];
  return new Failure("cancelled", {
    failed: `The ${what} was cancelled.`,
    seen: error.seen,
    advice: `${loss} Start it again when you want it.`,
    cause: error,
  });
}
