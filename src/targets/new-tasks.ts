import type { TaskDefinition } from "../aws/task-definition.ts";
import type { Service, ServiceRevision } from "../aws/ecs.ts";
import type { NewTasks, NewTaskSource } from "../inputs/inputs.ts";
import { parseService } from "./arn.ts";
import { borrow, completeExpress, nameDefinition } from "./start/borrow.ts";
import type { DefinitionContext } from "./definitions/definition-source.ts";
import {
  type LaunchDefinition,
  chooseDefinition,
  type LaunchSource,
} from "./definitions/launch-definition.ts";
import type { ArrivingTasks } from "./start/arriving-tasks.ts";
import { Launcher, type LaunchPlan } from "./start/launcher.ts";
import type { ResolveContext } from "./resolve-context.ts";
import { allOf, type JobTargets, type LaterTargets } from "./job-targets.ts";
import { requireNetwork, RUN_TAG, runTaskRequest, startedBy, taskTags } from "./start/run-task-request.ts";
import { tellLeftOut } from "./tags.ts";
import { removeRemainingDefinitions } from "./made/remaining-definitions.ts";
import { UndoList } from "./made/undo-list.ts";

/** Starts the tasks that the inputs describe. Resolves with the tasks that have arrived at ECS's first answer; `later` brings the others. */
export async function startNewTasks(where: NewTasks, context: ResolveContext): Promise<JobTargets> {
  const launcher = await prepareLauncher(where, context);
  const { mayHavePublicIp } = launcher;
  const atOnce = Math.min(where.tasks, context.inputs.maxParallel ?? where.tasks);
  const launched = Math.min(atOnce, context.tasksAtFirst ?? atOnce);
  const arriving = launcher.launch(launched);
  const tasks = [await arriving.next(), ...arriving.takeArrived()];
  const later = makeLaterTargets(launcher, arriving, {
    ...{ atOnce, launched },
    first: tasks.length,
    count: where.tasks - tasks.length,
  });
  return {
    ...(later.count > 0 && { later }),
    targets: allOf(tasks.map((task) => launcher.targetOf(task))),
    described: tasks,
    mayHavePublicIp,
    candidates: { kind: "new", launcher },
  };
}

/** The tasks that come later: first those of the calls under way, then one RunTask for each other one. */
function makeLaterTargets(
  launcher: Launcher,
  launch: ArrivingTasks,
  { atOnce, launched, first, count }: Record<"atOnce" | "launched" | "first" | "count", number>,
): LaterTargets {
  let launching = launched - first;
  const mustStop = first + count > atOnce;
  for (let task = 0; task < first; task += 1) launcher.jobBegins();
  return {
    count,
    atOnce,
    next: async () => {
      const described = await (launching-- > 0 ? launch.next() : launcher.startAnother());
      launcher.jobBegins();
      return { target: launcher.targetOf(described), described };
    },
    close: () => launch.close(),
    jobEnds: (target) => launcher.jobEnds(target, { mustStop }),
  };
}

/** Prepares RunTask: the network, the task definition and the request. */
async function prepareLauncher(where: NewTasks, context: ResolveContext): Promise<Launcher> {
  const { inputs, ecs, origin } = context;
  const undo = new UndoList(context.onUndo, context.signal);
  const named =
    where.service === undefined ? undefined : parseService(where.service, inputs.cluster, inputs.region);
  const cluster = named?.cluster ?? inputs.cluster;
  const described = named && (await ecs.describeService(cluster, named.id));
  const deployed = described && withRevision(described, context.revision);
  const service = deployed && (await completeExpress(deployed, where.start.assignPublicIp, context));
  const wanted = borrow(where.start, service, where.of);
  requireNetwork(wanted, where.of, named?.id);
  const source = sourceOf(where.of, service);
  const defined = await chooseDefinition(source, wanted, definitionContext(cluster, context, undo));
  const { timeout } = inputs;
  const planFor = ({ definition, start, tags, ...launch }: LaunchDefinition): LaunchPlan => {
    const { container } = launch;
    const { launchType, platformVersion, volumes, placement } = wanted;
    const by = {
      ...{ cluster, definition, container, launchType, platformVersion, volumes, placement },
      ...{ sourceTags: tags, timeout, origin },
    };
    const lack = tellLeftOut("The task", taskTags(start, by));
    if (lack !== undefined) context.log.info(lack);
    return { ...launch, request: runTaskRequest(start, by) };
  };
  return new Launcher({
    ...{ defined, planFor, undo, context, ownTags: where.start.tags },
    patience: inputs.startTimeout,
  });
}

/** The service with the settings of its new revision, for a task of that revision. */
function withRevision(service: Service, revision: ServiceRevision | undefined): Service {
  if (revision === undefined) return service;
  const { taskDefinitionArn, launchType, capacityProviders, platformVersion, network, volumes } = revision;
  return {
    ...{ ...service, taskDefinitionArn, launchType, capacityProviders, platformVersion, volumes },
    network: network.subnets.length > 0 ? network : service.network,
  };
}

function definitionContext(cluster: string, context: ResolveContext, undo: UndoList): DefinitionContext {
  const { inputs, origin } = context;
  const shared = ({ arn, family }: TaskDefinition, registered: boolean) => {
    const names = { arn, family, cluster, startedBy: startedBy(origin) };
    return { kind: "shared-definition", ...names, registered } as const;
  };
  return {
    ...context,
    container: inputs.container,
    run: origin.id,
    runTag: { [RUN_TAG]: origin.url },
    whileRegistering: async (family, register, isShared) => {
      const registered = await undo.whileRegistering({ family, run: origin.id }, register, (made) =>
        isShared ? shared(made, true) : { kind: "task-definition", arn: made.arn },
      );
      // Not awaited: RunTask need not wait for this removal.
      if (isShared) void removeRemainingDefinitions(cluster, family, context);
      return registered;
    },
    onShared: (definition) => undo.sharing(shared(definition, false)),
  };
}

/** The source; `service` alone becomes the name of the service's task definition. */
function sourceOf(of: NewTaskSource, service: Service | undefined): LaunchSource {
  switch (of.kind) {
    case "image":
      return of;
    case "image-in-definition":
      return { kind: "definition", reference: nameDefinition(of.of, service), image: of.image };
    default:
      return { kind: "definition", reference: nameDefinition(of, service), image: undefined };
  }
}
