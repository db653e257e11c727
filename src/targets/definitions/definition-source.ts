import {
  contentOf,
  type DefinitionContent,
  type RegisteredDefinition,
  type TaskDefinition,
} from "../../aws/task-definition.ts";
import { lastPart } from "../arn.ts";
import { isDefinitionFile, readDefinitionFile } from "./definition-file.ts";
import {
  findOrRegisterDefinition,
  type OwnDefinitionContext,
  register,
  type RegistrationContext,
} from "./own-definition.ts";
import { replaceImage } from "./image.ts";

export interface DefinitionContext extends RegistrationContext {
  /** Reads a file that an input names, by its path from the workspace or its absolute path. Throws when it may not be read. */
  readonly readFile: (path: string) => Uint8Array;
  /** The input `container`. */
  readonly container: string | undefined;
  /** Makes the call while the ledger holds what has to be deregistered. `isShared`: other jobs may use the revision. */
  readonly whileRegistering: (
    family: string,
    register: () => Promise<RegisteredDefinition>,
    isShared: boolean,
  ) => Promise<TaskDefinition>;
}

/** The task definition that a new task is to be started from, before anything is registered. */
export interface DefinitionSource {
  readonly known: DefinitionContent;
  /** Its name in a message. */
  readonly name: string;
  /** Its name in a sentence that begins with "The". */
  readonly subject: string;
  /** Paths of its members that this SDK does not know. A copy of the definition lacks them. */
  readonly unread: readonly string[];
  /** The user's registered revision that this is, or is made from, by its ARN; undefined for a file. */
  readonly revision: string | undefined;
  /** True for a definition of the action's own, with an image of the inputs; false for one of the user's. */
  readonly isOwn: boolean;
  /**
   * The registered definition; registers one that is not registered yet. With `reuse: false` it takes no revision of the
   * action's own that is there already.
   */
  readonly registered: (options: { readonly reuse: boolean }) => Promise<TaskDefinition>;
}

/** The user's definition: a registered one, or one in a file of the workspace. Fails as `readDefinitionFile` does. */
export async function readUserDefinition(
  reference: string,
  context: DefinitionContext,
): Promise<DefinitionSource> {
  return isDefinitionFile(reference)
    ? readDefinitionOfFile(reference, context)
    : await describeRegistered(reference, context);
}

/** The same definition with this image in place of the container's; it is registered in a family of the action's own. */
export function withImage(
  source: DefinitionSource,
  { image, container }: { readonly image: string; readonly container: string },
  context: DefinitionContext,
): DefinitionSource {
  const { known, name, subject, revision } = source;
  const { family, ...definition } = replaceImage(known, image, container);
  const from = `${name} with image '${image}'`;
  return {
    known: { ...contentOf(definition), family: known.family, tags: known.tags },
    name: from,
    subject: `${subject} with image '${image}'`,
    unread: source.unread,
    revision,
    isOwn: true,
    registered: ({ reuse }) =>
      findOrRegisterDefinition(
        { family, ...definition },
        from,
        { reuse, tags: known.tags },
        sharedContext(context),
      ),
  };
}

/** The context in which a definition is registered that other jobs may use. */
export function sharedContext(context: DefinitionContext): OwnDefinitionContext {
  return {
    ...context,
    whileRegistering: (family, registering) => context.whileRegistering(family, registering, true),
  };
}

async function describeRegistered(reference: string, { ecs }: DefinitionContext): Promise<DefinitionSource> {
  const known = await ecs.describeTaskDefinition(reference);
  const name = `task definition '${lastPart(known.arn)}'`;
  const { unread, arn: revision } = known;
  const registered = (): Promise<TaskDefinition> => Promise.resolve(known);
  return { known, name, subject: name, unread, revision, isOwn: false, registered };
}

function readDefinitionOfFile(path: string, context: DefinitionContext): DefinitionSource {
  const read = readDefinitionFile(path, context.readFile);
  const { tags, ...definition } = read;
  return {
    // ECS checks the definition when it is registered, so its type is not checked here.
    known: contentOf(definition, tags as Parameters<typeof contentOf>[1]),
    name: `'${path}'`,
    subject: `file '${path}'`,
    unread: [],
    revision: undefined,
    isOwn: false,
    registered: () =>
      register(read, `'${path}'`, {
        ...context,
        whileRegistering: (family, registering) => context.whileRegistering(family, registering, false),
      }),
  };
}
