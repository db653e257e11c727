/** The failures of waiting at a deployment's pause hook. */
import type { ServiceDeployment } from "../../aws/ecs.ts";
import { Failure } from "../../errors.ts";

const nameOf = ({ arn }: Pick<ServiceDeployment, "arn">): string => `Deployment '${arn}'`;

function seenOf({ status, stage, statusReason }: ServiceDeployment): string {
  const at = stage === undefined ? "" : ` at ${stage}`;
  return `It is ${status}${at}${statusReason === undefined ? "." : `: ${statusReason}`}`;
}

export function deploymentNotFound(what: string, seen: string): Failure {
  return new Failure("deployment-not-found", {
    failed: `There is no deployment ${what}.`,
    seen,
    advice:
      "Start it before this run ('aws ecs update-service'), and check the inputs 'service', 'cluster' and 'region'.",
  });
}

/** What to do about a service without a pause hook. */
export const HOOK_ADVICE =
  "Give the service a lifecycle hook with 'targetType' PAUSE in its 'deploymentConfiguration', at POST_SCALE_UP, POST_TEST_TRAFFIC_SHIFT, " +
  "PRE_PRODUCTION_TRAFFIC_SHIFT or POST_PRODUCTION_TRAFFIC_SHIFT. " +
  "A deployment keeps the hooks that the service had when it began.";

/** What to do about a hook at a stage where no task of the new revision need exist yet. */
export const TOO_EARLY_ADVICE =
  "Add 'start: true' to run the script in a task of its own that is like the new revision's, or put the pause hook at POST_SCALE_UP, or at a later stage that takes one.";

export function hookNotConfigured(deployment: ServiceDeployment): Failure {
  return new Failure("hook-not-configured", {
    failed: `${nameOf(deployment)} has no pause hook, so it waits for no verdict.`,
    seen: seenOf(deployment),
    advice: HOOK_ADVICE,
  });
}

export function hookNotReached(deployment: ServiceDeployment, seconds: number): Failure {
  return new Failure("hook-not-reached", {
    failed: `${nameOf(deployment)} has reached no pause hook within ${seconds} s.`,
    seen: seenOf(deployment),
    advice:
      "See the service's events for why its new tasks don't become healthy, or raise 'queue-timeout'. " +
      "The cleanup looks once more whether it waits for a verdict; the hook's own time-out acts if the deployment gets there later.",
  });
}

export function hookExpired(deployment: ServiceDeployment): Failure {
  return new Failure("hook-expired", {
    failed: `The pause hook of deployment '${deployment.arn}' has expired, so ECS has acted without this run.`,
    seen: seenOf(deployment),
    advice:
      "Raise 'timeoutInMinutes' of the hook above what this run may take, or lower 'timeout'. Its 'action' says what ECS did: see the deployment.",
  });
}

export function deploymentReplaced(deployment: ServiceDeployment, by: string): Failure {
  return new Failure("deployment-replaced", {
    failed: `${nameOf(deployment)} was replaced by another one, and waits for no verdict any more.`,
    seen: `The newest one is '${by}'. ${seenOf(deployment)}`,
    advice: {
      workflow:
        "Run deploys of one service one after the other, by 'concurrency' of the workflow or the input 'lock'.",
      program: "Run deploys of one service one after the other, by the input 'lock'.",
    },
  });
}

/** `unlisted` is the failure of looking for another deployment. */
export function deploymentEnded(deployment: ServiceDeployment, unlisted?: Failure): Failure {
  const unknown =
    unlisted && ` Whether another one has replaced it is not known: ${unlisted.failed} ${unlisted.seen}`;
  return new Failure("deployment-ended", {
    failed: `${nameOf(deployment)} waits for no verdict.`,
    seen: `${seenOf(deployment)}${unknown ?? ""}`,
    advice:
      "It has ended, was rolled back by its circuit breaker or an alarm, or was told to go on by another run or person.",
  });
}

/** The deployment waits at a stage where no task of the new revision need exist yet. */
export function deploymentTooEarly(deployment: ServiceDeployment): Failure {
  return new Failure("deployment-too-early", {
    failed: `${nameOf(deployment)} waits at ${deployment.stage ?? "a stage"}, where it may have no task yet.`,
    seen: seenOf(deployment),
    advice: TOO_EARLY_ADVICE,
  });
}

/** ECS has refused the verdict, although its answers say that the hook waits. */
export function verdictRefused(deployment: ServiceDeployment, action: string, seen: string): Failure {
  return new Failure("aws-error", {
    failed: `ECS did not take ${action} for deployment '${deployment.arn}'.`,
    seen,
    advice: "See the deployment in the console of ECS. Its hook's own time-out acts if nobody does.",
  });
}
