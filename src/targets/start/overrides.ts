import { knownMembers, unknownMembers } from "../../aws/members.ts";
import { badInput } from "../../inputs/refusals.ts";
import { isRecord } from "../../values.ts";

/** ECS refuses overrides whose JSON is longer. */
const MOST_CHARACTERS = 8192;

/** Objects as RunTask takes them. */
export type Json = Readonly<Record<string, unknown>>;

/** The members of the request that `overrides` may not have, and what sets each. */
const SET_ELSEWHERE: Readonly<Record<string, string>> = {
  cluster: "the input 'cluster'",
  count: "the input 'tasks'",
  taskDefinition: "the inputs 'task-definition', 'image' and 'service'",
  capacityProviderStrategy: "the inputs 'capacity-providers' and 'service'",
  launchType: "the inputs 'capacity-providers' and 'service'",
  networkConfiguration: "the inputs 'subnets', 'security-groups' and 'assign-public-ip'",
  tags: "the input 'tags'",
  propagateTags: "the step itself",
  startedBy: "the step itself",
  clientToken: "the step itself",
  enableExecuteCommand: "the step itself",
  overrides: "the members of the input itself, without 'overrides' around them",
};

/**
 * The user's overrides: the members of RunTask's own `overrides`, and those of the request, such as `volumeConfigurations`. Fails with
 * `bad-input` for a member that ECS does not know, and for one that is set elsewhere.
 */
export function splitOverrides(given: Json): { readonly ofTask: Json; readonly ofRequest: Json } {
  const ofRequest = knownMembers("RunTask", given);
  const ofTask = Object.fromEntries(Object.entries(given).filter(([name]) => !(name in ofRequest)));
  const unknown = [...unknownMembers("TaskOverride", ofTask), ...unknownMembers("RunTask", ofRequest)];
  if (unknown.length > 0) {
    throw badInput(
      "overrides",
      "an object as RunTask takes it",
      `members ECS does not know: ${unknown.join(", ")}`,
    );
  }
  const taken = Object.keys(ofRequest).find((name) => name in SET_ELSEWHERE);
  if (taken !== undefined) {
    const must = `an object without '${taken}', which is set by ${SET_ELSEWHERE[taken] ?? ""}`;
    throw badInput("overrides", must, `'${taken}'`);
  }
  return { ofTask, ofRequest };
}

/**
 * Merges the user's members of RunTask's `overrides` (`theirs`) into `ours`. Fails with `bad-input` for a result that is longer than ECS
 * takes.
 */
export function mergeOverrides(ours: Json, theirs: Json): Json {
  const merged = merge(ours, theirs);
  const length = JSON.stringify(merged).length;
  if (length > MOST_CHARACTERS) {
    throw badInput(
      "overrides",
      `short enough that all overrides of the task are ${MOST_CHARACTERS} characters of JSON at most`,
      `${length} characters`,
      "Hand what is long to the job with the inputs 'env', 'secrets' or 'script-file'.",
    );
  }
  return merged;
}

/** The lists whose items have names. */
const BY_NAME = ["containerOverrides", "volumeConfigurations"];

/** Merges objects member by member, and containers and volumes by name. Any other value of `theirs` replaces that of `ours`. */
export function merge(ours: Json, theirs: Json): Json {
  const merged: Record<string, unknown> = { ...ours };
  for (const [key, value] of Object.entries(theirs)) {
    const own = merged[key];
    if (BY_NAME.includes(key) && Array.isArray(own) && Array.isArray(value)) {
      merged[key] = mergeByName(own, value);
    } else {
      merged[key] = isRecord(own) && isRecord(value) ? merge(own, value) : value;
    }
  }
  return merged;
}

function mergeByName(ours: readonly unknown[], theirs: readonly unknown[]): readonly unknown[] {
  const merged = [...ours];
  for (const their of theirs) {
    const same = merged.findIndex((our) => isRecord(our) && isRecord(their) && our["name"] === their["name"]);
    const our = merged[same];
    if (isRecord(our) && isRecord(their)) merged[same] = merge(our, their);
    else merged.push(their);
  }
  return merged;
}
