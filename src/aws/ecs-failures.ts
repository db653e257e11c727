import { Failure, type FailureParts } from "../errors.ts";
import { type TaskRefusal, taskRefusal } from "./ecs-words.ts";
import { clusterNotFound, networkRequired, serviceNotFound, taskDefinitionNotFound } from "./missing.ts";
import { type Call, inWords, OWN_WORDS, type ErrorFacts } from "./thrown.ts";

const MORE_CAPACITY =
  "Try again later, give 'subnets' in more availability zones, or ask AWS for a higher Fargate vCPU quota.";
const MORE_QUOTA =
  "Ask AWS for a higher Fargate vCPU quota (Service Quotas, 'Fargate On-Demand vCPU resource count'), lower 'tasks' or 'cpu', or raise 'start-timeout' so that other tasks of the account can end.";

/** There is no capacity for a task now. `advice` is for Fargate unless it is given. */
export class NoCapacity extends Failure {
  /** True when the account may not run more tasks at once. That limit is the same in all subnets. */
  readonly isQuota: boolean;

  constructor({
    isQuota = false,
    advice = isQuota ? MORE_QUOTA : MORE_CAPACITY,
    ...parts
  }: Pick<FailureParts, "failed" | "seen" | "cause"> & {
    readonly advice?: string;
    readonly isQuota?: boolean;
  }) {
    super("task-not-started", { ...parts, advice });
    this.isQuota = isQuota;
  }
}

/** The account has not opted in to the new ARN format, which ECS requires for tags. */
export class TagsNotEnabled extends Failure {
  constructor(parts: FailureParts) {
    super("aws-error", parts);
  }
}

/** The failure of an exception that is ECS's own; undefined for any other exception. */
export function ecsFailure(thrown: ErrorFacts, call: Call, cause: unknown): Failure | undefined {
  const { region, cluster = "default", ecsService } = call;
  const seen = inWords(thrown);
  switch (thrown.name) {
    case "ClusterNotFoundException":
      return clusterNotFound(cluster, region, seen, cause);
    case "ServiceNotFoundException":
    case "ServiceNotActiveException":
      return ecsService === undefined ? undefined : serviceNotFound(ecsService, cluster, seen, cause);
    case "LimitExceededException":
    case "ClientException":
    case "InvalidParameterException":
      return refusalFailure(taskRefusal(thrown.message), call, { seen, cause });
    default:
      return undefined;
  }
}

/** The failure of a refused call; undefined for a refusal that only AWS's words explain. */
function refusalFailure(
  refusal: TaskRefusal | undefined,
  { action, resource, taskDefinition }: Call,
  observed: Pick<FailureParts, "seen" | "cause">,
): Failure | undefined {
  const doing = `${action} on ${resource}`;
  if (refusal === "no-tags")
    return new TagsNotEnabled({ ...observed, failed: `${doing} failed.`, advice: OWN_WORDS });
  if (taskDefinition === undefined) return undefined;
  const { seen, cause } = observed;
  switch (refusal) {
    case "no-definition":
      return taskDefinitionNotFound(taskDefinition, seen, cause);
    case "no-network":
      return networkRequired(taskDefinition, seen, cause);
    case "no-capacity":
    case "no-quota":
      return new NoCapacity({
        ...observed,
        failed: `${doing} started no task.`,
        isQuota: refusal === "no-quota",
      });
    case "no-task-role":
      return new Failure("exec-not-enabled", {
        ...observed,
        failed: `${doing} started no task: ECS Exec needs a task role, and there is none.`,
        advice:
          "Set 'taskRoleArn' in the task definition, or the input 'task-role', to a role that allows the four ssmmessages actions of ECS Exec.",
      });
    case "no-provider":
      return new Failure("task-not-started", {
        ...observed,
        failed: `${doing} started no task: the cluster does not have these capacity providers.`,
        advice:
          "Associate them by 'aws ecs put-cluster-capacity-providers' ('check: true' shows the whole command), or leave 'capacity-providers' out.",
      });
    default:
      return undefined;
  }
}
