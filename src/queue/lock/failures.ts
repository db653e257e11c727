/** The failures of a lock. */
import { Failure } from "../../errors.ts";
import { LEASES } from "../leases.ts";
import { SILENCE_MS } from "../../payload/beat.ts";

/** `held` is as in "held by job 'deploy' of https://… since 12:00:00 UTC". */
export function lockBusy(name: string, seconds: number, held: string): Failure {
  return new Failure("lock-busy", {
    failed: `The lock '${name}' was not free for this run within ${seconds} s, so nothing was started.`,
    seen: `It is ${held}.`,
    advice:
      "Raise 'queue-timeout', or look at the run that holds it. The lock of a run that has died is free " +
      `${LEASES.lock.lasts / 60_000} minutes after its last sign of life.`,
  });
}

/** `seen` says how the step has learned it. */
export function lockLost(name: string, seen: string): Failure {
  return new Failure("lock-lost", {
    failed: `The lock '${name}' is no longer certain to be this run's, so its job was ended.`,
    seen,
    advice:
      "This machine was paused, or cut off from S3. See what the script had done before it was stopped, then run it again.",
  });
}

/** The failure of a job that its container has stopped, because it heard no sign of the runner. */
export function jobFenced(container: string): Failure {
  return new Failure("lock-lost", {
    failed: `The job was stopped in ${container}, because its run may have lost its lock.`,
    seen: `The container heard no sign of its run for ${SILENCE_MS / 1000} s, as when the machine of the run is paused or the network is down.`,
    advice:
      "See what the script had done before it was stopped, then run it again. A job without 'lock' goes on without its run.",
  });
}
