import type { DeploymentBrief, Ecs, PauseHook, ServiceDeployment } from "../../aws/ecs.ts";
import type { Clock } from "../../clock.ts";
import { asFailure, Failure } from "../../errors.ts";
import { badInput } from "../../inputs/refusals.ts";
import type { Log } from "../../log.ts";
import { findAwaitingHook, hasNoHookAhead, UNDER_WAY } from "./stages.ts";
import { type ClusterMember, clusterName } from "../arn.ts";
import { WaitLines } from "../../waiting.ts";
import {
  deploymentEnded,
  deploymentNotFound,
  deploymentReplaced,
  hookExpired,
  hookNotConfigured,
  hookNotReached,
} from "./failures.ts";

const LOOK_EVERY_MS = 3_000;
/** The longest time until a deployment that was just begun is in the list. */
const LISTED_WITHIN_MS = 60_000;

export interface HookContext {
  readonly ecs: Pick<Ecs, "listServiceDeployments" | "describeServiceDeployment">;
  readonly clock: Clock;
  readonly log: Log;
  readonly cancel: AbortSignal;
}

/** A deployment that waits at a pause hook. */
export interface WaitingHook {
  readonly deployment: ServiceDeployment;
  readonly hook: PauseHook;
}

/**
 * The ARN of the deployment that the input names: the given one, which is not looked at, or that of the service's newest deployment
 * when the input is `true`. Then it fails with `deployment-not-found` when none is under way within a minute.
 */
export async function findDeploymentArn(
  given: true | string,
  service: ClusterMember,
  { ecs, clock, log, cancel }: HookContext,
): Promise<string> {
  if (given !== true) return given;
  const lines = new WaitLines({ clock, log });
  const until = clock.now() + LISTED_WITHIN_MS;
  for (;;) {
    const current = await findDeploymentUnderWay(service, ecs);
    if (current !== undefined) return current.arn;
    const what = `of service '${service.id}' in cluster '${clusterName(service.cluster)}' under way`;
    if (clock.now() >= until) {
      const newest = await findNewestDeployment(service, ecs);
      throw deploymentNotFound(
        what,
        newest === undefined ? "It has none." : `Its newest one, '${newest.arn}', is ${newest.status}.`,
      );
    }
    lines.tell(`there is no deployment ${what} yet`);
    await clock.sleep(LOOK_EVERY_MS, cancel);
  }
}

/** The service's newest deployment to which a verdict may still be given; undefined when there is none. */
export async function findDeploymentUnderWay(
  service: ClusterMember,
  ecs: Pick<Ecs, "listServiceDeployments">,
): Promise<DeploymentBrief | undefined> {
  const [newest] = await ecs.listServiceDeployments(service.cluster, service.id, UNDER_WAY);
  return newest;
}

/** The newest deployment of the service, under way or not. A service with a long history has many. */
async function findNewestDeployment(
  service: ClusterMember,
  ecs: Pick<Ecs, "listServiceDeployments">,
): Promise<DeploymentBrief | undefined> {
  const [newest] = await ecs.listServiceDeployments(service.cluster, service.id);
  return newest;
}

/**
 * Looks at the deployment once. `hook` is the first one that awaits an action; undefined when there is none yet. Fails
 * when the deployment will never wait at a pause hook.
 */
export async function lookAtHook(
  arn: string,
  service: ClusterMember,
  context: Pick<HookContext, "ecs">,
): Promise<{ readonly deployment: ServiceDeployment; readonly hook: PauseHook | undefined }> {
  const deployment = await context.ecs.describeServiceDeployment(arn);
  if (deployment === undefined)
    throw deploymentNotFound(`'${arn}'`, "ecs:DescribeServiceDeployments does not know it.");
  checkService(deployment, service);
  const hook = findAwaitingHook(deployment);
  if (hook !== undefined && deployment.status === "IN_PROGRESS") return { deployment, hook };
  if (deployment.pauseHooks.length === 0) throw hookNotConfigured(deployment);
  if (hasNoHookAhead(deployment)) throw await explainOver(deployment, service, context);
  return { deployment, hook: undefined };
}

/**
 * Returns when the deployment waits at a pause hook: the first one that awaits an action. Fails when it never will, and
 * with `hook-not-reached` at the deadline.
 */
export async function waitForHook(
  arn: string,
  service: ClusterMember,
  { deadline, ...context }: HookContext & { readonly deadline: number },
): Promise<WaitingHook> {
  const { clock, log, cancel } = context;
  const lines = new WaitLines({ clock, log });
  const begun = clock.now();
  for (;;) {
    const { deployment, hook } = await lookAtHook(arn, service, context);
    if (hook !== undefined) return { deployment, hook };
    if (clock.now() >= deadline) throw hookNotReached(deployment, Math.round((clock.now() - begun) / 1_000));
    lines.tell(`the deployment is ${deployment.status}${deployment.stage ? ` at ${deployment.stage}` : ""}`);
    await clock.sleep(LOOK_EVERY_MS, cancel);
  }
}

/**
 * Why a deployment waits for no verdict at the hook with this id. Without an id the hook decides that expires last: a deployment with a
 * later hook has gone on after an earlier one timed out. Never rejects.
 */
export async function explainOver(
  deployment: ServiceDeployment,
  service: ClusterMember,
  { ecs }: Pick<HookContext, "ecs">,
  hookId?: string,
): Promise<Failure> {
  const byExpiry = deployment.hooks.toSorted((a, b) => (a.expiresAt ?? 0) - (b.expiresAt ?? 0));
  const hook = hookId === undefined ? byExpiry.at(-1) : deployment.hooks.find(({ id }) => id === hookId);
  if (hook?.status === "TIMED_OUT") return hookExpired(deployment);
  // That it is over is known without the list, which only says by what.
  const newest = await findNewestDeployment(service, ecs).catch(asFailure);
  if (newest instanceof Failure) return deploymentEnded(deployment, newest);
  if (newest !== undefined && newest.arn !== deployment.arn && newest.createdAt >= deployment.createdAt)
    return deploymentReplaced(deployment, newest.arn);
  return deploymentEnded(deployment);
}

function checkService({ arn, serviceArn }: ServiceDeployment, { cluster, id }: ClusterMember): void {
  const parts = serviceArn.split("/");
  // The ARN of a service has no cluster in the old format. That of a deployment has one: …:service-deployment/CLUSTER/SERVICE/ID
  const clusters = [parts.length === 3 ? parts[1] : undefined, arn.split("/").at(-3)];
  const isInCluster = clusters.every((name) => name === undefined || name === clusterName(cluster));
  if (parts.at(-1) === id && isInCluster) return;
  throw badInput(
    "deployment",
    `a deployment of service '${id}'`,
    `'${arn}', of '${serviceArn}'`,
    "Set 'service' to the deployment's service, or set 'deployment: true' for this service's deployment that is under way.",
  );
}
