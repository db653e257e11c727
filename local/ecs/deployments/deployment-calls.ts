import { AwsError } from "../../aws-error.ts";
import { invalidParameter } from "../errors.ts";
import type { Service } from "../../ecs-shapes.ts";
import type { ServiceDeployment, Verdict } from "./service-deployment.ts";

interface ListRequest {
  readonly service: string;
  readonly cluster?: string;
  readonly status?: readonly string[];
}

interface VerdictRequest {
  readonly serviceDeploymentArn: string;
  readonly hookId: string;
  readonly action?: Verdict;
}

/** The deployments of all services, and the calls on them. moto has none of these calls. */
export class DeploymentCalls {
  /** All deployments, the oldest first. */
  readonly all: ServiceDeployment[] = [];

  static readonly operations: readonly string[] = [
    ...["ListServiceDeployments", "DescribeServiceDeployments"],
    ...["DescribeServiceRevisions", "ContinueServiceDeployment"],
  ];

  /** `findService` gives the record of a service by its name or ARN in a cluster. */
  async call(
    operation: string,
    request: object,
    findService: (cluster: string | undefined, service: string) => Promise<Service>,
  ): Promise<object> {
    switch (operation) {
      case "ListServiceDeployments": {
        const { cluster, service, status } = request as ListRequest;
        const { serviceArn } = await findService(cluster, service);
        return this.#list(serviceArn, status);
      }
      case "DescribeServiceDeployments": {
        const { serviceDeploymentArns: arns } = request as { serviceDeploymentArns: readonly string[] };
        const found = this.all.filter(({ arn }) => arns.includes(arn));
        const missing = arns.filter((arn) => !found.some((one) => one.arn === arn));
        const failures = missing.map((arn) => ({ arn, reason: "MISSING" }));
        return { serviceDeployments: found.map(({ view }) => view), failures };
      }
      case "DescribeServiceRevisions": {
        const { serviceRevisionArns: arns } = request as { serviceRevisionArns: readonly string[] };
        return { serviceRevisions: arns.flatMap((arn) => this.#revision(arn)), failures: [] };
      }
      default:
        return this.#decide(request as VerdictRequest);
    }
  }

  #list(serviceArn: string, status: readonly string[] | undefined): object {
    const found = this.all
      .filter(({ arn }) => arn.replace(":service-deployment/", ":service/").startsWith(`${serviceArn}/`))
      .filter((one) => status === undefined || status.includes(one.status))
      .toReversed();
    return { serviceDeployments: found.map(({ brief }) => brief) };
  }

  #revision(arn: string): object[] {
    const found = this.all.find(({ target }) => target.arn === arn)?.target;
    if (found === undefined) return [];
    const { taskDefinition, launchType, platformVersion, networkConfiguration, capacityProviderStrategy } =
      found.source;
    return [
      {
        serviceRevisionArn: arn,
        taskDefinition,
        ...(launchType !== undefined && { launchType }),
        ...(platformVersion !== undefined && { platformVersion }),
        ...(networkConfiguration !== undefined && { networkConfiguration }),
        ...(capacityProviderStrategy !== undefined && { capacityProviderStrategy }),
      },
    ];
  }

  #decide({ serviceDeploymentArn, hookId, action = "CONTINUE" }: VerdictRequest): object {
    const deployment = this.all.find(({ arn }) => arn === serviceDeploymentArn);
    if (deployment === undefined)
      throw new AwsError("ServiceDeploymentNotFoundException", "Service deployment not found.");
    // AWS's own words are not known.
    if (!deployment.decide(hookId, action))
      throw invalidParameter(`The lifecycle hook ${hookId} is not awaiting an action.`);
    return { serviceDeploymentArn };
  }
}
