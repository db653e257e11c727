import { constants } from "node:os";
import { PassThrough } from "node:stream";
import { deferred } from "../agent/deferred.ts";
import type { IsolatedProcess } from "./isolate.ts";

/** The PID 1 of a container without processes: it prints nothing, and the first signal ends it. */
export function processless(): IsolatedProcess {
  const exited = deferred<number>();
  return {
    // No process of a machine has this number.
    pid: 0,
    stdout: new PassThrough(),
    stderr: new PassThrough(),
    signal: (signal) => exited.resolve(128 + constants.signals[signal]),
    exited: exited.promise,
  };
}
