import { AwsError } from "../../aws-error.ts";
import { invalidParameter } from "../errors.ts";
import type { Service } from "../../ecs-shapes.ts";
import type { ServiceDeployment, Verdict } from "./service-deployment.ts";

interface ListRequest {
  readonly service: string;
  readonly cluster?: string;
  readonly status?: readonly string[];
  readonly maxResults?: number;
  readonly nextToken?: string;
}

/** How many deployments an answer has unless the request says otherwise (API reference: ListServiceDeployments). */
const A_PAGE = 20;

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
        const { cluster, service, ...query } = request as ListRequest;
        const { serviceArn } = await findService(cluster, service);
        return this.#list(serviceArn, query);
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

  /** AWS promises no order of the deployments, so here it is that of their random ids. */
  #list(
    serviceArn: string,
    { status, maxResults = A_PAGE, nextToken = "0" }: Omit<ListRequest, "service" | "cluster">,
  ): object {
    const found = this.all
      .filter(({ arn }) => arn.replace(":service-deployment/", ":service/").startsWith(`${serviceArn}/`))
      .filter((one) => status === undefined || status.includes(one.status))
      .toSorted((a, b) => (a.arn < b.arn ? -1 : 1));
    const end = Number(nextToken) + maxResults;
    return {
      serviceDeployments: found.slice(Number(nextToken), end).map(({ brief }) => brief),
      ...(found.length > end && { nextToken: String(end) }),
    };
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
