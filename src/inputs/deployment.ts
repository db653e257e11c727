import { ECS_ARN, ECS_NAME } from "./ecs-names.ts";
import { type Inputs, serviceOf, type TaskSelection } from "./inputs.ts";
import type { InputReader } from "./input-reader.ts";
import { boolean, type ParseResult, quoteValue } from "./parse.ts";

const ARN = new RegExp(`^${ECS_ARN}:service-deployment/${ECS_NAME}/${ECS_NAME}/[\\w-]{1,128}$`);

/** `true`, or the ARN of a service deployment; undefined when no deployment waits for the step. */
export function readDeployment(reader: InputReader): true | string | undefined {
  const deployment = reader.optional("deployment", parse);
  if (deployment === undefined || deployment === false) return undefined;
  const others = (["task", "task-definition", "image"] as const).filter((name) => reader.isGiven(name));
  if (others.length === 0 && reader.isGiven("service")) return deployment;
  reader.refuse(
    "deployment",
    "left out unless 'service' stands alone or with 'start: true'",
    others.length === 0 ? "no 'service'" : others.map((name) => `'${name}'`).join(" and "),
    "The script runs in a task of the service's new revision. To run something before the service is updated, leave out 'deployment'.",
  );
  return undefined;
}

/** Refuses the ARN of a deployment that the other inputs contradict: its region, its account, its cluster or its service. */
export function checkDeployment(
  reader: InputReader,
  { deployment, cluster }: Pick<Inputs, "deployment" | "cluster">,
  region: string | undefined,
  where: TaskSelection | undefined,
): void {
  const named = where === undefined ? undefined : serviceOf(where);
  if (typeof deployment !== "string" || named === undefined) return;
  const its = partsOf(deployment);
  const refuse = (must: string, advice: string): void =>
    reader.refuse("deployment", must, `'${deployment}'`, advice);
  if (region !== undefined && its.region !== region)
    refuse(`in the region of this run, ${region}`, "Set the input 'region' to its region.");
  const arns = [cluster, named].filter((text) => text.startsWith("arn:")).map(partsOf);
  if (arns.some(({ partition, account }) => partition !== its.partition || account !== its.account))
    refuse("of the account and partition of the other ARNs", "See the ARNs in 'service' and 'cluster'.");
  const service = partsOf(named).names.at(-1);
  // The ARN of a service names its cluster only in the new format. The ARN of a deployment always does.
  const inArn = partsOf(named).names.at(-2);
  const wanted = inArn ?? partsOf(cluster).names.at(-1);
  const [itsCluster, itsService] = its.names;
  if (itsCluster !== wanted || itsService !== service)
    refuse(
      `a deployment of service '${service}' in cluster '${wanted}'`,
      "Name its service and cluster in 'service' and 'cluster', or leave the choice to 'deployment: true'.",
    );
}

/** The parts of an ARN of ECS, or of a name. `names` are those behind the ARN's resource type; for a name, `names` has it alone. */
function partsOf(text: string): {
  readonly partition?: string | undefined;
  readonly region?: string | undefined;
  readonly account?: string | undefined;
  readonly names: readonly string[];
} {
  if (!text.startsWith("arn:")) return { names: [text] };
  const [, partition, , region, account, resource = ""] = text.split(":");
  return { partition, region, account, names: resource.split("/").slice(1) };
}

function parse(text: string): ParseResult<boolean | string> {
  if (ARN.test(text)) return { value: text };
  const answer = boolean(text);
  if ("value" in answer) return answer;
  return {
    must: "true or false, or the ARN of a service deployment, such as arn:aws:ecs:eu-west-1:123456789012:service-deployment/prod/web/r9i43YFjvgF_xlg7m2eJ1r",
    got: quoteValue(text),
  };
}
