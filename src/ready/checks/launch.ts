import type { CapacityProvider, Cluster } from "../../aws/ecs.ts";
import { fargateSizeFault } from "../../inputs/fargate-size.ts";
import { cpuUnits, memoryMiB, type Parser } from "../../inputs/parse.ts";
import type { LaunchInputs } from "../../targets/start/borrow.ts";
import { isOnFargate } from "../../targets/start/capacity.ts";
import { check, type Check, passedCheck, skippedCheck } from "./check.ts";
import type { CheckFacts } from "./facts.ts";

/** What is known of a new task before RunTask. */
export interface LaunchFacts {
  readonly definition: CheckFacts["definition"];
  readonly start: LaunchInputs;
  /** Undefined when the caller may not describe it. */
  readonly cluster: Cluster | undefined;
}

/** The checks of what only RunTask would refuse. */
export function checkLaunch({ definition, start, cluster }: LaunchFacts): readonly Check[] {
  return [
    ...(isOnFargate(start) ? [size(definition, start), ...executionRole(definition, start)] : []),
    ...(start.capacityProviders.length === 0 ? [] : [capacityProviders(start.capacityProviders, cluster)]),
  ];
}

/** Checks the size of the task. `overrides` count before the inputs, and the inputs before the definition. */
function size(definition: CheckFacts["definition"], { cpu, memory, overrides }: LaunchInputs): Check {
  const { registrable = {} } = definition ?? {};
  const units = numberFrom(overrides["cpu"] ?? cpu ?? registrable["cpu"], cpuUnits);
  const mebibytes = numberFrom(overrides["memory"] ?? memory ?? registrable["memory"], memoryMiB);
  if (units === undefined || mebibytes === undefined)
    return skippedCheck("size", "not known: CPU or memory is given nowhere");
  const seen = `${units} CPU units and ${mebibytes} MiB`;
  const fault = fargateSizeFault(units, mebibytes);
  return fault === undefined
    ? passedCheck("size", seen)
    : check("size", false, seen, `Set '${fault.name}' to ${fault.must}.`);
}

/** Fargate pulls from ECR and writes to CloudWatch with this role only, so ECS refuses a definition that needs the role and has none. */
function executionRole(
  definition: CheckFacts["definition"],
  { executionRole: given, overrides }: LaunchInputs,
): readonly Check[] {
  const { containers = [], executionRoleArn } = definition ?? {};
  const needs = [
    ...(containers.some(({ image }) => image?.includes(".dkr.ecr")) ? ["to pull from ECR"] : []),
    ...(containers.some(({ awslogs }) => awslogs !== undefined) ? ["to log by awslogs"] : []),
  ];
  if (needs.length === 0) return [];
  const overriding = overrides["executionRoleArn"];
  const role = typeof overriding === "string" ? overriding : (given ?? executionRoleArn);
  return [
    check(
      "execution role",
      role !== undefined,
      role ?? `there is none, and the task needs one ${needs.join(" and ")}`,
      "Set 'executionRoleArn' in the task definition to a role with the policy AmazonECSTaskExecutionRolePolicy, or with 'image' the input 'execution-role'.",
    ),
  ];
}

function numberFrom(given: unknown, parse: Parser<string>): number | undefined {
  const answer = typeof given === "string" ? parse(given) : undefined;
  return answer !== undefined && "value" in answer ? Number(answer.value) : undefined;
}

function capacityProviders(wanted: readonly CapacityProvider[], cluster: Cluster | undefined): Check {
  const names = wanted.map(({ name }) => name);
  if (cluster === undefined)
    return skippedCheck("capacity providers", "not known: the cluster may not be described");
  const lacking = names.filter((name) => !cluster.capacityProviders.includes(name));
  return check(
    "capacity providers",
    lacking.length === 0,
    lacking.length === 0
      ? `the cluster has ${names.join(", ")}`
      : `${lacking.join(", ")} ${lacking.length === 1 ? "is" : "are"} not associated with the cluster`,
    `Run '${association(cluster, lacking)}', or leave 'capacity-providers' out.`,
  );
}

/** The call replaces both lists, so it repeats what the cluster has (AWS: "PutClusterCapacityProviders"). */
function association(cluster: Cluster, lacking: readonly string[]): string {
  const all = [...cluster.capacityProviders, ...lacking].join(" ");
  const strategy = cluster.defaultCapacityProviders.map(
    ({ name, weight, base }) => `capacityProvider=${name},weight=${weight},base=${base}`,
  );
  return [
    "aws ecs put-cluster-capacity-providers",
    `--cluster ${cluster.arn} --capacity-providers ${all}`,
    `--default-capacity-provider-strategy ${strategy.length === 0 ? '"[]"' : strategy.join(" ")}`,
  ].join(" ");
}
