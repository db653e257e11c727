import { signed, type TaskDefinition } from "../aws/definition.ts";
import type { Ecs } from "../aws/ecs.ts";
import { Failure } from "../errors.ts";
import type { NewTasks, StartInputs } from "../inputs/inputs.ts";
import type { Log } from "../log.ts";
import { lastPart } from "./arn.ts";
import { isDefinitionFile, readDefinitionFile } from "./definition-file.ts";
import { imageDefinition, withoutDefined } from "./image.ts";

export interface DefinitionContext {
  readonly ecs: Pick<Ecs, "describeTaskDefinition" | "registerTaskDefinition">;
  readonly log: Log;
  /** The directory that a task definition's path is relative to. */
  readonly workspace: string;
  /** False: an equal definition of another run was there, and is gone now. */
  readonly reuse: boolean;
  /** The input `container`. */
  readonly container: string | undefined;
  /** The id of the run, which what it registers bears. */
  readonly run: string;
  /** Makes the call, and keeps on record what has to be deregistered for it. */
  readonly whileRegistering: (
    family: string,
    register: () => Promise<TaskDefinition>,
  ) => Promise<TaskDefinition>;
}

/** The task definition of a new task, and what is left for RunTask to say; registered first where that is needed. */
export async function definitionOf(
  { of, start }: Pick<NewTasks, "of" | "start">,
  ofService: string | undefined,
  context: DefinitionContext,
): Promise<{ readonly definition: TaskDefinition; readonly start: StartInputs }> {
  const { ecs, workspace } = context;
  switch (of.kind) {
    case "service":
      return { definition: await ecs.describeTaskDefinition(ofService ?? ""), start };
    case "task-definition": {
      const { taskDefinition } = of;
      if (!isDefinitionFile(taskDefinition))
        return { definition: await ecs.describeTaskDefinition(taskDefinition), start };
      const read = await readDefinitionFile(taskDefinition, workspace);
      return { definition: await register(read, `'${taskDefinition}'`, context), start };
    }
    case "image":
      return { definition: await definitionOfImage(of.image, start, context), start: withoutDefined(start) };
  }
}

/** Another run's, where there is an equal one: that run deregisters it, which a task of ours that runs survives. */
async function definitionOfImage(
  image: string,
  start: StartInputs,
  context: DefinitionContext,
): Promise<TaskDefinition> {
  const wanted = imageDefinition(image, start, context.container);
  const from = `image '${image}'`;
  if (!context.reuse) return await register(wanted, from, context);
  try {
    const found = await context.ecs.describeTaskDefinition(wanted.family);
    if (found.active) {
      context.log.info(`Using ${lastPart(found.arn)}, which is registered for ${from}.`);
      return found;
    }
  } catch (error) {
    const unknown = ["task-definition-not-found", "access-denied"];
    if (!(error instanceof Failure) || !unknown.includes(error.code)) throw error;
  }
  return await register(wanted, from, context);
}

async function register(
  definition: Readonly<Record<string, unknown>>,
  from: string,
  { ecs, log, run, whileRegistering }: DefinitionContext,
): Promise<TaskDefinition> {
  const registered = await whileRegistering(String(definition["family"]), () =>
    ecs.registerTaskDefinition(signed(definition, run)),
  );
  log.info(`Registered ${lastPart(registered.arn)} from ${from}.`);
  return registered;
}
