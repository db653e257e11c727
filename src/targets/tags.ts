import { TagsNotEnabled } from "../aws/ecs-failures.ts";
import { AccessDenied, type Failure } from "../errors.ts";

/** The most tags of a resource of ECS (API reference: Tag). */
const MOST_TAGS = 50;

type Tags = Readonly<Record<string, string>>;

export interface CopiedTags {
  readonly tags: Tags;
  /** The keys that found no place. */
  readonly leftOut: readonly string[];
}

/**
 * The tags of what is made from a task definition of the user's: those of the inputs, the definition's, and the run's. ECS
 * takes 50, so the last ones beyond that are left out. The run's come last.
 */
export function copiedTags(given: Tags, source: Tags, run: Tags): CopiedTags {
  const all = Object.entries({ ...given, ...source, ...run, ...given });
  return {
    tags: Object.fromEntries(all.slice(0, MOST_TAGS)),
    leftOut: all.slice(MOST_TAGS).map(([key]) => key),
  };
}

/** A line for the log that tells what was left out; undefined when nothing was. */
export function tellLeftOut(what: string, { leftOut }: CopiedTags): string | undefined {
  if (leftOut.length === 0) return undefined;
  return `${what} has ${MOST_TAGS} tags, the most that ECS takes, and so lacks ${leftOut.join(", ")}.`;
}

/** True when a call was refused because of the tags that it sets. */
export function isAboutTags(error: unknown): error is Failure {
  return (
    error instanceof TagsNotEnabled || (error instanceof AccessDenied && error.action === "ecs:TagResource")
  );
}
