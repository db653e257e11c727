import { unknownMembers } from "../../aws/members.ts";
import { badInput } from "../../inputs/refusals.ts";
import { isRecord } from "../../record.ts";

/** ECS refuses overrides whose JSON is longer. */
const MOST_CHARACTERS = 8192;

type Json = Readonly<Record<string, unknown>>;

/**
 * Merges the user's overrides (`theirs`) into `ours`, in the shape of RunTask: objects member by member, containers
 * by name. Any other value of theirs replaces ours. Fails with `bad-input` for a member that ECS does not know, or a
 * result that is too long.
 */
export function mergeOverrides(ours: Json, theirs: Json): Json {
  const unknown = unknownMembers("TaskOverride", theirs);
  if (unknown.length > 0) {
    throw badInput(
      "overrides",
      "an object as RunTask takes it",
      `members ECS does not know: ${unknown.join(", ")}`,
    );
  }
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

function merge(ours: Json, theirs: Json): Json {
  const merged: Record<string, unknown> = { ...ours };
  for (const [key, value] of Object.entries(theirs)) {
    const own = merged[key];
    if (key === "containerOverrides" && Array.isArray(own) && Array.isArray(value)) {
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
