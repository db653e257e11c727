import { AwsError } from "../aws-error.ts";
import { FAMILY, definitionArn } from "../names.ts";
import { revisionArn, type Verdict } from "./deployments.ts";
import type { Service } from "./service.ts";

type Input = Readonly<Record<string, unknown>>;

/** The answer of an operation on the deployments of the service. Fails as ECS does. Undefined for any other operation. */
export function answerOnDeployments(
  service: Service | undefined,
  { owner, operation, lag }: { readonly owner: string; readonly operation: string; readonly lag: number },
  input: Input,
): unknown {
  const deployments = service?.deployments ?? [];
  switch (operation) {
    case "ListServiceDeployments": {
      const wanted = input["status"] as readonly string[] | undefined;
      const listed = deployments.flatMap((each) => each.list(lag) ?? []);
      // AWS promises no order.
      return { serviceDeployments: listed.filter(({ status }) => wanted?.includes(status) !== false) };
    }
    case "DescribeServiceDeployments": {
      const arns = input["serviceDeploymentArns"] as readonly string[];
      const found = deployments.filter(({ arn }) => arns.includes(arn));
      return { serviceDeployments: found.flatMap((each) => each.describe(lag) ?? []), failures: [] };
    }
    case "DescribeServiceRevisions": {
      const arns = input["serviceRevisionArns"] as readonly string[];
      const network = { awsvpcConfiguration: { subnets: ["subnet-0a1b2c3d"], assignPublicIp: "DISABLED" } };
      const about = { taskDefinition: definitionArn(`${FAMILY}:1`), launchType: "FARGATE" };
      const known = deployments.flatMap(({ number }) => [revisionArn(number), revisionArn(number - 1)]);
      return {
        serviceRevisions: arns
          .filter((arn) => known.includes(arn))
          .map((serviceRevisionArn) => ({ ...about, serviceRevisionArn, networkConfiguration: network })),
      };
    }
    case "ContinueServiceDeployment": {
      const { serviceDeploymentArn, hookId, action = "CONTINUE" } = input;
      const found = deployments.find(({ arn }) => arn === serviceDeploymentArn);
      if (found === undefined)
        throw new AwsError("ServiceDeploymentNotFoundException", 400, "Service deployment not found.");
      found.tell(owner, String(hookId), action as Verdict);
      return { serviceDeploymentArn };
    }
    default:
      return undefined;
  }
}
