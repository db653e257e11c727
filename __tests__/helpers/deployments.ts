import {
  CreateServiceCommand,
  type DeploymentLifecycleHookAction,
  type DeploymentLifecycleHookStage,
  type DeploymentStrategy,
  ECSClient,
  UpdateServiceCommand,
} from "@aws-sdk/client-ecs";
import type { ServiceDeployment } from "../../local/ecs/deployments/service-deployment.ts";
import type { Task } from "../../local/task/task.ts";
import { clientConfig } from "../local/with-local.ts";
import type { Aws } from "./local.ts";
import { until } from "./until.ts";

export interface DeployedOptions {
  readonly name: string;
  /** The definitions of the running revision and of the new one. */
  readonly definitions?: readonly [string, string];
  /** The stages at which its deployments pause. Without one it has no hook. */
  readonly stages?: readonly DeploymentLifecycleHookStage[];
  /** The hook's time-out. */
  readonly minutes?: number;
  readonly action?: DeploymentLifecycleHookAction;
  readonly strategy?: DeploymentStrategy;
  /** How many tasks it has. */
  readonly count?: number;
  readonly cluster?: string;
}

/** A service whose deployments pause. */
export class DeployedService {
  readonly name: string;
  readonly #aws: Aws;
  readonly #ecs: ECSClient;
  readonly #options: DeployedOptions;
  readonly #definitions: readonly [string, string];

  private constructor(aws: Aws, options: DeployedOptions) {
    this.name = options.name;
    this.#aws = aws;
    this.#ecs = new ECSClient({ ...clientConfig(aws.world.local), maxAttempts: 3 });
    this.#options = options;
    this.#definitions = options.definitions ?? ["demo", "demo"];
  }

  static async start(aws: Aws, options: DeployedOptions): Promise<DeployedService> {
    const service = new DeployedService(aws, options);
    await service.#create();
    const { count = 1 } = options;
    await until(() => service.tasks.length === count && service.tasks.every((task) => isReady(task)));
    return service;
  }

  /** Its tasks that are to run, the oldest first. */
  get tasks(): readonly Task[] {
    return this.#aws.world.local.tasks.filter(
      ({ plan, desiredStatus }) => plan.group === `service:${this.name}` && desiredStatus === "RUNNING",
    );
  }

  /** Its deployments, the oldest first. */
  get deployments(): readonly ServiceDeployment[] {
    return this.#aws.world.local.serviceDeployments.filter(({ arn }) => arn.includes(`/${this.name}/`));
  }

  get newest(): ServiceDeployment {
    const newest = this.deployments.at(-1);
    if (newest === undefined) throw new Error(`service ${this.name} has no deployment`);
    return newest;
  }

  /** Deploys the new revision, without waiting for it. */
  async deploy(): Promise<ServiceDeployment> {
    const [, taskDefinition] = this.#definitions;
    await this.#ecs.send(
      new UpdateServiceCommand({ cluster: this.#cluster, service: this.name, taskDefinition }),
    );
    return this.newest;
  }

  get #cluster(): string {
    return this.#options.cluster ?? this.#aws.world.made.cluster;
  }

  async #create(): Promise<void> {
    const { stages = [], minutes = 10, action = "ROLLBACK", strategy = "ROLLING", count = 1 } = this.#options;
    const { subnets, securityGroups } = this.#aws.world.made;
    const timeoutConfiguration = { timeoutInMinutes: minutes, action };
    const hook = { targetType: "PAUSE" as const, lifecycleStages: [...stages], timeoutConfiguration };
    await this.#ecs.send(
      new CreateServiceCommand({
        cluster: this.#cluster,
        serviceName: this.name,
        taskDefinition: this.#definitions[0],
        desiredCount: count,
        launchType: "FARGATE",
        enableExecuteCommand: true,
        networkConfiguration: {
          awsvpcConfiguration: { subnets: [...subnets], securityGroups: [...securityGroups] },
        },
        deploymentConfiguration: { strategy, lifecycleHooks: stages.length === 0 ? [] : [hook] },
      }),
    );
  }
}

function isReady(task: Task): boolean {
  return task.lastStatus === "RUNNING" && [...task.agents.values()].every(({ connected }) => connected);
}
