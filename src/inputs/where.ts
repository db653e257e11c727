import { networkRequired } from "../errors.ts";
import type { StartInputs, Where } from "./inputs.ts";
import type { InputName } from "./names.ts";
import {
  boolean,
  count,
  cpuUnits,
  jsonObject,
  listOf,
  matching,
  memoryMiB,
  oneOf,
  pairs,
  shown,
} from "./parse.ts";
import type { Parsed } from "./parse.ts";
import type { InputReader } from "./reader.ts";
import { readWorkspaceFile } from "./workspace.ts";

const targets = ["task", "service", "task-definition", "image"] as const;

/** What only a new task can have; each is empty unless it is given. */
const ofNewTask = [
  "subnets",
  "security-groups",
  "assign-public-ip",
  "platform-version",
  "cpu",
  "memory",
  "ephemeral-storage",
  "task-role",
  "execution-role",
  "tags",
  "overrides",
] as const satisfies readonly InputName[];

const ecsName = "[A-Za-z0-9_-]{1,255}";
const ecsArn = "arn:aws[a-z-]*:ecs:[a-z0-9-]+:[0-9]{12}";

export const cluster = matching(
  new RegExp(`^(${ecsName}|${ecsArn}:cluster/${ecsName})$`),
  "a cluster's name or ARN, such as prod",
);
export const container = matching(
  new RegExp(`^${ecsName}$`),
  "a container's name of the task definition, such as web",
);

const task = matching(
  new RegExp(`^([0-9a-f-]{32,36}|${ecsArn}:task/(${ecsName}/)?[0-9a-f-]{32,36})$`),
  "a task's ID (32 hexadecimal digits) or ARN",
);
const service = matching(
  new RegExp(`^(${ecsName}|${ecsArn}:service/(${ecsName}/)?${ecsName})$`),
  "a service's name or ARN, such as web",
);
const family = new RegExp(`^(${ecsName}(:[0-9]+)?|${ecsArn}:task-definition/${ecsName}(:[0-9]+)?)$`);
const role = matching(
  /^([\w+=,.@-]{1,64}|arn:aws[a-z-]*:iam::[0-9]{12}:role\/[\w+=,.@/-]+)$/,
  "a role's name or ARN, such as arn:aws:iam::123456789012:role/job",
);
const subnets = listOf(/^subnet-[0-9a-z]+$/, "IDs of subnets, such as subnet-0a1b2c3d", 16);
const securityGroups = listOf(/^sg-[0-9a-z]+$/, "IDs of security groups, such as sg-0a1b2c3d", 5);
const platformVersion = matching(
  /^(LATEST|\d+\.\d+\.\d+)$/,
  "a Fargate platform version, such as 1.4.0 or LATEST",
);

/** Which task, and how it is started if it is a new one. Inputs that have no place there are problems. */
export function readWhere(reader: InputReader): Where | undefined {
  const start = readStart(reader);
  const given = targets.filter((name) => reader.given(name));
  const [only, another] = given;
  if (only === undefined) {
    reader.refuse("task", "given, or else 'service' or 'task-definition'", "none of them");
    return undefined;
  }
  if (another !== undefined) {
    refusePair(reader, given);
    return undefined;
  }
  switch (only) {
    case "task": {
      refuseNewTaskInputs(reader, "task", start);
      const id = reader.optional("task", task);
      return id === undefined ? undefined : { kind: "task", task: id };
    }
    case "service": {
      refuseNewTaskInputs(reader, "service", start);
      const name = reader.optional("service", service);
      return name === undefined ? undefined : { kind: "service", service: name };
    }
    case "task-definition": {
      const taskDefinition = readTaskDefinition(reader);
      if (!reader.given("subnets")) {
        reader.note(networkRequired(reader.text("task-definition"), "Input 'subnets' is empty."));
      }
      return taskDefinition === undefined ? undefined : { kind: "task-definition", taskDefinition, start };
    }
    case "image":
      // Refused by name, with the other inputs that this version has not.
      return undefined;
  }
}

function refusePair(reader: InputReader, given: readonly InputName[]): void {
  const names = given.map((name) => `'${name}'`);
  const borrowed = given.length === 2 && given[0] === "service";
  const advice = borrowed
    ? "A new task that borrows a service's network is not in this version: name 'task-definition' and 'subnets', without 'service'."
    : "Keep the one that names the task you mean.";
  reader.refuse(
    given[0] ?? "task",
    "the only one of 'task', 'service', 'task-definition' and 'image'",
    names.join(" and "),
    advice,
  );
}

function refuseNewTaskInputs(reader: InputReader, target: "task" | "service", start: StartInputs): void {
  const advice = `'${target}' names a task that runs already; this input is for a task that 'task-definition' starts.`;
  for (const name of ofNewTask) {
    if (reader.given(name)) reader.refuse(name, `empty with '${target}'`, shown(reader.text(name)), advice);
  }
  if (!start.hold) reader.refuse("hold", `left at true with '${target}'`, "'false'", advice);
  if (start.keepTask !== "never") {
    reader.refuse("keep-task", `left at never with '${target}'`, `'${start.keepTask}'`, advice);
  }
}

function readTaskDefinition(reader: InputReader): string | undefined {
  const text = reader.text("task-definition");
  if (family.test(text)) return text;
  // No family has a dot or a slash, so these can only be a path.
  if (!text.endsWith(".json")) {
    const must = "a family, family:revision, an ARN, or the path of a .json file, such as web:42";
    reader.refuse("task-definition", must, shown(text));
    return undefined;
  }
  // What it holds is judged where it is registered; here only that it is there, and ours.
  return readWorkspaceFile(reader, "task-definition")?.path;
}

function readStart(reader: InputReader): StartInputs {
  return {
    subnets: reader.orElse("subnets", subnets, []),
    securityGroups: reader.orElse("security-groups", securityGroups, []),
    assignPublicIp: reader.optional("assign-public-ip", boolean),
    platformVersion: reader.optional("platform-version", platformVersion),
    cpu: reader.optional("cpu", cpuUnits),
    memory: reader.optional("memory", memoryMiB),
    ephemeralStorage: reader.optional("ephemeral-storage", count(20, 200)),
    taskRole: reader.optional("task-role", role),
    executionRole: reader.optional("execution-role", role),
    tags: reader.orElse("tags", tags, {}),
    overrides: reader.orElse("overrides", jsonObject, {}),
    hold: reader.orElse("hold", boolean, true),
    keepTask: reader.orElse("keep-task", oneOf("never", "on-failure", "always"), "never"),
  };
}

/** The limits are those of the ECS API for tags of a task. */
function tags(text: string): Parsed<Readonly<Record<string, string>>> {
  const answer = pairs(text);
  if (!("value" in answer)) return answer;
  const items = Object.entries(answer.value);
  if (items.length > 50) return { must: "50 tags at most", got: String(items.length) };
  const wrong = items.find(([key, value]) => key.length > 128 || value.length > 256 || /^aws:/i.test(key));
  if (wrong === undefined) return answer;
  return {
    must: "tags with keys up to 128 characters that do not start with aws:, and values up to 256",
    got: shown(wrong.join("=")),
  };
}
