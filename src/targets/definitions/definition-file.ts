import { unknownMembers } from "../../aws/members.ts";
import { messageOf } from "../../errors.ts";
import { badInput } from "../../inputs/refusals.ts";
import { isRecord } from "../../values.ts";

/**
 * Members that DescribeTaskDefinition returns and RegisterTaskDefinition does not take. Repositories keep files of
 * either form.
 */
const ANSWER_ONLY = new Set([
  ...["taskDefinitionArn", "revision", "status", "requiresAttributes", "compatibilities"],
  ...["registeredAt", "registeredBy", "deregisteredAt", "deleteRequestedAt"],
]);

/**
 * True for a path; false for a family, `family:revision` or an ARN. A path has a dot or a slash, which no family has.
 */
export function isDefinitionFile(taskDefinition: string): boolean {
  return !taskDefinition.startsWith("arn:") && /^[./]|\/|\.json$/.test(taskDefinition);
}

/**
 * Reads a task definition from a file, ready to be registered. The file may also be the output of
 * `aws ecs describe-task-definition`. Fails with `bad-input`, which says what is wrong with the file.
 */
export function readDefinitionFile(
  path: string,
  readFile: (path: string) => Uint8Array,
): Record<string, unknown> {
  const must = "a family, an ARN, or the path of a JSON file with a task definition";
  const text = readText(path, readFile, must);
  const refuse = (got: string): Error => badInput("task-definition", must, `'${path}', ${got}`);
  let parsed: unknown;
  try {
    // Without the byte order mark that some editors write.
    parsed = JSON.parse(text.replace(/^\uFEFF/, ""));
  } catch (error) {
    throw refuse(`which is not JSON: ${String(error)}`);
  }
  if (isRecord(parsed) && isRecord(parsed["taskDefinition"])) parsed = parsed["taskDefinition"];
  if (
    !isRecord(parsed) ||
    typeof parsed["family"] !== "string" ||
    !Array.isArray(parsed["containerDefinitions"])
  ) {
    throw refuse("which is no object with a 'family' and 'containerDefinitions'");
  }
  const definition = Object.fromEntries(Object.entries(parsed).filter(([key]) => !ANSWER_ONLY.has(key)));
  const unknown = unknownMembers("RegisterTaskDefinition", definition);
  if (unknown.length > 0) throw refuse(`which has what ECS does not know: ${unknown.join(", ")}`);
  return definition;
}

function readText(path: string, readFile: (path: string) => Uint8Array, must: string): string {
  try {
    return Buffer.from(readFile(path)).toString();
  } catch (cause) {
    const got = `'${path}', which can't be read: ${messageOf(cause)}`;
    throw badInput("task-definition", must, got, "Check the path.", cause);
  }
}
