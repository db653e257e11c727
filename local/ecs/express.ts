import { AwsError } from "../aws-error.ts";
import type { ContainerDefinition, Tag } from "../ecs-shapes.ts";
import type { Ecs } from "./ecs.ts";
import { serviceNotFound } from "./errors.ts";

interface ExpressNetwork {
  readonly subnets?: readonly string[];
  readonly securityGroups?: readonly string[];
}

interface CreateRequest {
  readonly cluster?: string;
  readonly serviceName: string;
  readonly executionRoleArn: string;
  readonly infrastructureRoleArn: string;
  readonly taskRoleArn?: string;
  readonly primaryContainer: Pick<ContainerDefinition, "image" | "command" | "environment">;
  readonly networkConfiguration?: ExpressNetwork;
  readonly cpu?: string;
  readonly memory?: string;
  readonly tags?: readonly Tag[];
}

/** What an Express service runs, as DescribeExpressGatewayService tells it. */
interface Configuration {
  readonly serviceRevisionArn: string;
  readonly taskDefinitionArn: string;
  readonly networkConfiguration: ExpressNetwork;
  readonly createdAt: number;
}

/** A service as CreateService shows it. */
interface MadeService {
  readonly serviceArn: string;
  readonly currentServiceRevisions: readonly [{ readonly arn: string }];
}

/** The service of a call that passes on to the other calls on services. */
type CallService = (operation: string, request: object) => Promise<object>;

/**
 * The calls on Express services. ECS registers the task definition itself and makes the service on Fargate; the load balancer and the scaling
 * are left out here.
 */
export class ExpressServices {
  readonly #ecs: Ecs;
  readonly #call: CallService;
  readonly #configurations = new Map<
    string,
    { readonly name: string; readonly configuration: Configuration }
  >();

  static readonly operations = ["CreateExpressGatewayService", "DescribeExpressGatewayService"];

  constructor(ecs: Ecs, call: CallService) {
    this.#ecs = ecs;
    this.#call = call;
  }

  has(serviceArn: string): boolean {
    return this.#configurations.has(serviceArn);
  }

  async call(operation: string, request: object): Promise<object> {
    if (operation === "CreateExpressGatewayService") return await this.#create(request as CreateRequest);
    const { serviceArn } = request as { readonly serviceArn: string };
    const found = this.#configurations.get(serviceArn);
    if (found === undefined) throw serviceNotFound();
    return { service: this.#view(serviceArn, found) };
  }

  async #create(request: CreateRequest): Promise<object> {
    const {
      cluster = "default",
      serviceName,
      networkConfiguration: network = {},
      primaryContainer,
    } = request;
    if (network.subnets === undefined)
      throw new AwsError("InvalidParameterException", "The local Fargate has no default VPC: give subnets.");
    const registered = (await this.#ecs.records.call("RegisterTaskDefinition", {
      ...{ family: `${cluster}-${serviceName}`, networkMode: "awsvpc", requiresCompatibilities: ["FARGATE"] },
      ...{ cpu: request.cpu ?? "256", memory: request.memory ?? "512" },
      ...{ executionRoleArn: request.executionRoleArn, taskRoleArn: request.taskRoleArn },
      containerDefinitions: [{ name: "Main", essential: true, ...primaryContainer }],
    })) as { readonly taskDefinition: { readonly taskDefinitionArn: string } };
    const { taskDefinitionArn } = registered.taskDefinition;
    const { service } = (await this.#call("CreateService", {
      ...{ cluster, serviceName, taskDefinition: taskDefinitionArn, desiredCount: 1, launchType: "FARGATE" },
      networkConfiguration: { awsvpcConfiguration: { ...network, assignPublicIp: "ENABLED" } },
    })) as { readonly service: MadeService };
    const { serviceArn, currentServiceRevisions } = service;
    const configuration = {
      serviceRevisionArn: currentServiceRevisions[0].arn,
      taskDefinitionArn,
      networkConfiguration: network,
      createdAt: Date.now() / 1000,
    };
    const made = { name: serviceName, configuration };
    this.#configurations.set(serviceArn, made);
    return { service: this.#view(serviceArn, made) };
  }

  #view(
    serviceArn: string,
    { name, configuration }: { readonly name: string; readonly configuration: Configuration },
  ): object {
    return {
      ...{ serviceArn, serviceName: name, status: { statusCode: "ACTIVE" } },
      activeConfigurations: [configuration],
    };
  }
}
