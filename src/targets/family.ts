import type { RegistrableDefinition } from "../aws/task-definition.ts";
import { digestOf } from "./normal-form.ts";

/** What the families of our own begin with: a policy can allow these and no others. */
export const FAMILY_PREFIX = "fargate-exec-";

/**
 * The family for a definition of our own. It is named for all that is in the definition, so that jobs that want equal
 * ones meet there. Another principal can register there as well, so what is found in it is compared.
 */
export function ownFamily(what: string, definition: RegistrableDefinition): string {
  const name = what.replace(/[^\w-]/g, "-").slice(0, 100);
  return `${FAMILY_PREFIX}${name}-${digestOf(definition)}`;
}
