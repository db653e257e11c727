import type { Container, Task } from "../../../aws/task.ts";
import type { ItemResult } from "../../../report/item-results.ts";
import { lastPart } from "../../../targets/arn.ts";
import { isOwnFamily } from "../../../targets/definitions/family.ts";
import type { Target } from "../../../targets/target.ts";

/** What items run in. An item that has succeeded in another program is run again. */
export interface Program {
  /** The ARN of the task definition's revision; the family alone where `programOf` says so. */
  readonly definition: string;
  /** The digest of the image, as in `sha256:…`. */
  readonly image: string;
}

interface DescribedProgram extends Pick<Task, "taskDefinitionArn"> {
  readonly containers: readonly Pick<Container, "name" | "imageDigest">[];
}

/**
 * What items run in, in this container; undefined while ECS does not tell the digest of its image. The user's revision counts also when the action has
 * made a copy of it. Of another definition that the action has registered, or that comes by a file, it has the family: each run may register a revision
 * of its own. The name of a family of the action's own holds a digest of the content, and what a file holds is in the key of the items.
 */
export function programOf(
  { taskDefinitionArn, containers }: DescribedProgram,
  { container, revision }: Pick<Target, "container" | "revision">,
  isOfFile: boolean,
): Program | undefined {
  const image = containers.find(({ name }) => name === container)?.imageDigest;
  const family = taskDefinitionArn.replace(/:\d+$/, "");
  const isOwn = isOwnFamily(lastPart(family));
  return image === undefined
    ? undefined
    : { definition: revision ?? (isOwn || isOfFile ? family : taskDefinitionArn), image };
}

/** Which part of the program has changed, as a clause; undefined when none has. */
export function whatChanged(before: Program, now: Program): string | undefined {
  if (before.definition !== now.definition) return "the task definition is another one";
  return before.image === now.image ? undefined : "the image is another one";
}

/** An item that has succeeded in an earlier run. */
export interface Success extends Pick<ItemResult, "index" | "seconds" | "attempts" | "task" | "worker"> {
  /** The number of that run: an attempt of the workflow's run, or a run that an item log has. */
  readonly run: number;
}

/** What an earlier run has left. */
export interface EarlierRun {
  readonly number: number;
  /** What all its items ran in. Undefined: not known, or not one. Then only those count that have not succeeded. */
  readonly program: Program | undefined;
  /** Which items have ended, by their indices. Undefined: not by a success. */
  readonly ended: ReadonlyMap<number, Success | undefined>;
}

export interface Recalled {
  /** Oldest first. */
  readonly runs: readonly EarlierRun[];
  /** Why nothing can be carried over, as a clause; undefined when there may be something, or when nothing was to be expected. */
  readonly why?: string | undefined;
}

/** The end of an item, as far as a later run needs it. */
export interface ItemEnd extends Omit<ItemResult, "beganAt" | "endedAt" | "batch" | "lastLines"> {
  /** Its run has written something into its directory. */
  readonly hasFiles?: boolean;
}

/** Keeps which items have succeeded, for a later run of the same ones. */
export interface ItemMemory {
  /** Whether there may be an earlier run. */
  readonly mayHaveEarlier: boolean;
  /** As in "attempt 2": how messages name a run. */
  nameOf(run: number): string;
  /** What earlier runs with this key have left, for a list of `total` items. Called once. Never rejects: a failure is a reason for nothing. */
  recall(key: string, total: number): Promise<Recalled>;
  /**
   * To be called before anything is handed out, with what is carried over. Returns why nothing may be carried over, as a clause; undefined when it
   * may. Rejects with a `Failure` when what an earlier run has left would count for the next one, and this run can't say otherwise; and after a cancel.
   */
  begin(carried: readonly Success[], list: readonly string[]): Promise<string | undefined>;
  /** Items run in this from now on. */
  ranIn(program: Program): void;
  /** Keeps the end of an item, within five seconds, or not before `close`: what the item has written may be lost with the runner. */
  note(end: ItemEnd): void;
  /**
   * Keeps what is not kept yet. `failedBy`: the code of what failed the step other than the end of an item. A later run then carries nothing over
   * from this one, nor from those before. Never rejects.
   */
  close(failedBy?: string): Promise<void>;
}
