import { fargateSizeFault } from "./fargate-size.ts";
import type { CapacityShare, StartInputs } from "./inputs.ts";
import { newTaskInputNames } from "./names.ts";
import {
  boolean,
  cpuUnits,
  jsonObject,
  list,
  listOf,
  matching,
  memoryMiB,
  oneOf,
  pairs,
  quoteValue,
  type ParseResult,
} from "./parse.ts";
import type { InputReader } from "./input-reader.ts";

/** Whether a capacity provider is one of AWS's own two. */
function isFargateProvider(name: string): boolean {
  return /^FARGATE(_SPOT)?$/.test(name);
}

const role = matching(
  /^([\w+=,.@-]{1,64}|arn:aws[a-z-]*:iam::[0-9]{12}:role\/[\w+=,.@/-]+)$/,
  "a role's name or ARN, such as arn:aws:iam::123456789012:role/job",
);
const subnets = listOf(/^subnet-[0-9a-z]+$/, "IDs of subnets, such as subnet-0a1b2c3d", 16);
const securityGroups = listOf(/^sg-[0-9a-z]+$/, "IDs of security groups, such as sg-0a1b2c3d", 5);

/** Reads how a new task is started, also when no task is started, so that a wrong value is always reported. */
export function readStart(reader: InputReader): StartInputs {
  return {
    subnets: reader.orElse("subnets", subnets, []),
    securityGroups: reader.orElse("security-groups", securityGroups, []),
    assignPublicIp: reader.optional("assign-public-ip", boolean),
    capacityProviders: reader.orElse("capacity-providers", capacityProviders, []),
    cpu: reader.optional("cpu", cpuUnits),
    memory: reader.optional("memory", memoryMiB),
    taskRole: reader.optional("task-role", role),
    executionRole: reader.optional("execution-role", role),
    tags: reader.orElse("tags", tags, {}),
    overrides: reader.orElse("overrides", jsonObject, {}),
    hold: reader.orElse("hold", boolean, true),
    keepTask: reader.orElse("keep-task", oneOf("never", "on-failure", "always", "job"), "never"),
  };
}

/** Refuses the inputs that need a new task, when the task runs already. */
export function refuseNewTaskInputs(
  reader: InputReader,
  target: "task" | "service",
  start: StartInputs,
): void {
  const how =
    target === "task"
      ? "that 'task-definition', 'image' or 'service' with 'start: true' starts"
      : "of its own: add 'start: true', 'task-definition' or 'image'";
  const advice = `'${target}' alone names a task that runs already; this input is for a new task ${how}.`;
  for (const name of newTaskInputNames) {
    if (reader.isGiven(name))
      reader.refuse(name, `empty with '${target}'`, quoteValue(reader.text(name)), advice);
  }
  if (!start.hold) reader.refuse("hold", `left at true with '${target}'`, "'false'", advice);
  if (start.keepTask !== "never") {
    reader.refuse("keep-task", `left at never with '${target}'`, `'${start.keepTask}'`, advice);
  }
}

/** Whether the inputs put a task on Fargate, unless a service puts it elsewhere. */
export function isForFargate({ capacityProviders }: Pick<StartInputs, "capacityProviders">): boolean {
  return capacityProviders.every(({ name }) => isFargateProvider(name));
}

/**
 * Refuses a size that Fargate doesn't have, for a task on Fargate. A size in the raw `overrides` counts instead of these inputs, so nothing
 * is refused then.
 */
export function refuseSize(reader: InputReader, start: StartInputs): void {
  const { cpu, memory, overrides } = start;
  if ("cpu" in overrides || "memory" in overrides) return;
  if (!isForFargate(start)) return;
  const fault = fargateSizeFault(numberOf(cpu), numberOf(memory));
  if (fault !== undefined) reader.refuse(fault.name, fault.must, quoteValue(reader.text(fault.name)));
}

function numberOf(text: string | undefined): number | undefined {
  return text === undefined ? undefined : Number(text);
}

/** The most capacity providers of a task (API reference: RunTask). */
const MOST_PROVIDERS = 20;

/**
 * Capacity providers such as `FARGATE_SPOT=3,FARGATE=1`. A bare name has a weight of 1. The limits are those of the
 * ECS API, which takes no Fargate provider beside one of instances.
 */
function capacityProviders(text: string): ParseResult<readonly CapacityShare[]> {
  const must =
    "names of capacity providers with weights from 0 to 1000, one of them at least 1, such as FARGATE_SPOT=3,FARGATE=1 or gpu";
  const answer = pairs(
    list(text)
      .map((item) => (item.includes("=") ? item : `${item}=1`))
      .join(),
  );
  if (!("value" in answer)) return { ...answer, must };
  const shares = Object.entries(answer.value).map(([name, weight]) => ({
    name,
    weight: /^\d{1,4}$/.test(weight) ? Number(weight) : NaN,
    base: 0,
  }));
  const isValid = shares.every(({ name, weight }) => /^[\w-]{1,255}$/.test(name) && weight <= 1000);
  if (!isValid || !shares.some(({ weight }) => weight > 0)) return { must, got: quoteValue(text) };
  if (shares.length > MOST_PROVIDERS)
    return { must: `${MOST_PROVIDERS} capacity providers at most`, got: String(shares.length) };
  const ofFargate = shares.filter(({ name }) => isFargateProvider(name));
  if (ofFargate.length > 0 && ofFargate.length < shares.length)
    return { must: "capacity providers of Fargate only, or of instances only", got: quoteValue(text) };
  return { value: shares };
}

/** The most tags. The ECS API allows 50 for a task, and the action sets `fargate-exec:run`. */
const MOST_TAGS = 49;

/** Tags within the limits of the ECS API. */
function tags(text: string): ParseResult<Readonly<Record<string, string>>> {
  const answer = pairs(text);
  if (!("value" in answer)) return answer;
  const items = Object.entries(answer.value);
  if (items.length > MOST_TAGS) return { must: `${MOST_TAGS} tags at most`, got: String(items.length) };
  const wrong = items.find(([key, value]) => key.length > 128 || value.length > 256 || /^aws:/i.test(key));
  if (wrong === undefined) return answer;
  return {
    must: "tags with keys up to 128 characters that do not start with aws:, and values up to 256",
    got: quoteValue(wrong.join("=")),
  };
}
