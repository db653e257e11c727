import { createHash } from "node:crypto";
import { type RegistrableDefinition, RUN_LABEL } from "../../aws/task-definition.ts";
import { parseArn } from "../arn.ts";

/** How many digits a digest of a definition has. */
export const DIGEST_DIGITS = 16;

type Members = Readonly<Record<string, unknown>>;

/**
 * The paths in which two task definitions differ, such as `containerDefinitions[0].image`; none for equal ones. Every
 * member is compared, known to this code or not. `arn` is the ARN of `found`.
 */
export function findDifferences(
  wanted: RegistrableDefinition,
  found: RegistrableDefinition,
  arn: string,
): readonly string[] {
  return [...compareValues(normalForm(wanted, arn), normalForm(found, arn), "")];
}

/** A digest that is the same for equal definitions, in any order of their members. */
export function digestOf(definition: RegistrableDefinition): string {
  const text = JSON.stringify(sortMembers(normalForm(definition)));
  return createHash("sha256").update(text).digest("hex").slice(0, DIGEST_DIGITS);
}

/** All members but those of these names. */
export function without(members: Members, ...names: readonly string[]): Members {
  return Object.fromEntries(Object.entries(members).filter(([name]) => !names.includes(name)));
}

/**
 * The definition without what ECS changes at registration. ECS adds empty lists, zeros of CPU units and defaults of
 * ports. It turns a role's name into its ARN and a size into plain units, and reorders variables. The label with the run
 * that registered the definition is left out, too.
 */
function normalForm(registrable: RegistrableDefinition, arn?: string): Members {
  const definition = without(registrable, "family", "tags");
  const containers = (definition["containerDefinitions"] ?? []) as readonly Members[];
  const roles = ["taskRoleArn", "executionRoleArn"].map((name): [string, unknown] => [
    name,
    roleArn(definition[name], arn),
  ]);
  const whole = {
    ...definition,
    ...(Object.fromEntries(roles) as Members),
    cpu: plainUnits(definition["cpu"], "vCPU"),
    memory: plainUnits(definition["memory"], "GB"),
    containerDefinitions: containers.map(normalContainer),
  };
  return (stripDefaults(whole) ?? {}) as Members;
}

function normalContainer(container: Members): Members {
  const { dockerLabels, environment, secrets, portMappings } = container;
  return {
    ...container,
    essential: container["essential"] === false ? "no" : "yes",
    dockerLabels: without((dockerLabels ?? {}) as Members, RUN_LABEL),
    environment: byName(environment),
    secrets: byName(secrets),
    portMappings: ((portMappings ?? []) as readonly Members[]).map((port) => ({
      protocol: "tcp",
      ...port,
      // In network mode awsvpc the host's port is the container's.
      hostPort: port["hostPort"] ?? port["containerPort"],
    })),
  };
}

/** Sorted by name. The sort is stable, because the last of two equal names counts. */
function byName(variables: unknown): readonly Members[] {
  const key = ({ name }: Members): string => String(name);
  return [...((variables ?? []) as readonly Members[])].sort((a, b) =>
    key(a) < key(b) ? -1 : Number(key(a) > key(b)),
  );
}

/**
 * A size of a task in CPU units or MiB: ECS also takes strings such as `.25 vCPU` and `2GB`, in any case of letters, and
 * converts them (API reference: RegisterTaskDefinition).
 */
function plainUnits(size: unknown, unit: string): unknown {
  const [, count] =
    new RegExp(`^(\\d*\\.?\\d+) *${unit}$`, "i").exec(typeof size === "string" ? size : "") ?? [];
  return count === undefined ? size : String(Math.round(Number(count) * 1024));
}

/** The ARN of a role: ECS takes a bare name as a role of the definition's own account. */
function roleArn(role: unknown, definitionArn: string | undefined): unknown {
  const arn = definitionArn === undefined ? undefined : parseArn(definitionArn);
  if (typeof role !== "string" || role.startsWith("arn:") || arn === undefined) return role;
  return `arn:${arn.partition}:iam::${arn.account}:role/${role}`;
}

/**
 * The members whose default is false or 0 (API reference: ContainerDefinition and the types of its members). For any other
 * member false and 0 differ from the default: `stopTimeout: 0` is not the default of 30 seconds.
 */
const FALSE_BY_DEFAULT: ReadonlySet<string> = new Set([
  ...["cpu", "disableNetworking", "initProcessEnabled", "interactive", "privileged", "pseudoTerminal"],
  ...["readonlyRootFilesystem", "readOnly", "startPeriod", "configuredAtLaunch", "enableFaultInjection"],
]);

/**
 * The value without members that ECS treats as absent: empty lists and objects, and false and 0 when that is the
 * default. Undefined when nothing is left.
 */
function stripDefaults(value: unknown, name?: string): unknown {
  if (Array.isArray(value)) {
    return value.length === 0 ? undefined : value.map((item: unknown) => stripDefaults(item) ?? null);
  }
  if (typeof value === "object" && value !== null) {
    const members = Object.entries(value)
      .map(([member, its]) => [member, stripDefaults(its, member)] as const)
      .filter(([, its]) => its !== undefined);
    return members.length === 0 ? undefined : Object.fromEntries(members);
  }
  const isDefault = (value === false || value === 0) && name !== undefined && FALSE_BY_DEFAULT.has(name);
  return value === null || isDefault ? undefined : value;
}

function* compareValues(wanted: unknown, found: unknown, path: string): Generator<string> {
  const [ours, theirs] = [membersOf(wanted), membersOf(found)];
  if (ours === undefined || theirs === undefined || Array.isArray(wanted) !== Array.isArray(found)) {
    if (wanted !== found) yield path;
    return;
  }
  for (const name of new Set([...Object.keys(ours), ...Object.keys(theirs)])) {
    const at = Array.isArray(wanted) ? `${path}[${name}]` : path ? `${path}.${name}` : name;
    yield* compareValues(ours[name], theirs[name], at);
  }
}

function membersOf(value: unknown): Members | undefined {
  return typeof value === "object" && value !== null ? (value as Members) : undefined;
}

function sortMembers(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortMembers);
  const members = membersOf(value);
  if (members === undefined) return value;
  return Object.fromEntries(
    Object.keys(members)
      .toSorted()
      .map((name) => [name, sortMembers(members[name])]),
  );
}
