/** The failures of choosing or starting a target. */
import { Failure } from "../errors.ts";

export function containerNotFound(container: string, owner: string, names: readonly string[]): Failure {
  return new Failure("container-not-found", {
    failed: `There is no container '${container}' in ${owner}.`,
    seen: `Its containers are ${quoteNames(names)}.`,
    advice: "Set the input 'container' to one of them.",
  });
}

export function containerAmbiguous(owner: string, names: readonly string[], why: string): Failure {
  return new Failure("container-ambiguous", {
    failed: `The container to run in is not clear: ${owner} has several and the input 'container' is not set.`,
    seen: `Its containers are ${quoteNames(names)}. ${why}`,
    advice: "Set the input 'container' to one of them.",
  });
}

/** `wanted` is how many the inputs ask for. */
export function noRunningTask(service: string, cluster: string, seen: string, wanted = 1): Failure {
  return new Failure("no-running-task", {
    failed: `The service '${service}' in cluster '${cluster}' has ${wanted === 1 ? "no running task" : `not ${wanted} running tasks`}.`,
    seen,
    advice:
      "Look at the service's events and its desired count. To run the job in a task of its own, set 'start: true'.",
  });
}

function quoteNames(names: readonly string[]): string {
  return names.map((name) => `'${name}'`).join(", ") || "none";
}
