import type { RegistrableDefinition } from "../../aws/task-definition.ts";
import { DIGEST_DIGITS, digestOf } from "./normal-form.ts";

/** The prefix of the action's own families. A policy can allow these families and no others. */
export const FAMILY_PREFIX = "fargate-exec-";

const LONGEST_NAME = 100;
const OWN_FAMILY = new RegExp(`^${FAMILY_PREFIX}[\\w-]{0,${LONGEST_NAME}}-[\\da-f]{${DIGEST_DIGITS}}$`);

/**
 * The family for a definition of the action's own. Its name holds a digest of the whole definition, so that jobs with
 * equal definitions share a family. Another principal can register there too, so a revision that is found there is
 * compared before use.
 */
export function ownFamily(what: string, definition: RegistrableDefinition): string {
  const name = what.replace(/[^\w-]/g, "-").slice(0, LONGEST_NAME);
  return `${FAMILY_PREFIX}${name}-${digestOf(definition)}`;
}

/** Whether the family's name has the form of `ownFamily`, so that all its revisions have one content. */
export function isOwnFamily(family: string): boolean {
  return OWN_FAMILY.test(family);
}
