import type { ExecuteCommandConfiguration } from "../../local/ecs-shapes.ts";
import type { RecordedRequest } from "../../local/front/requests.ts";
import { type Names, policyOf } from "../../local/iam/policy-files.ts";
import type { Policy } from "../../local/iam/policy.ts";
import type { Task } from "../../local/task/task.ts";
import { parseHandle } from "../../src/inputs/handle.ts";
import type { World } from "../local/with-local.ts";
import { callerFilesFor } from "./caller-files.ts";
import type { Inputs, StepOptions } from "./local.ts";
import { taskFiles, taskFilesFor } from "./task-files.ts";

/** What the rights of a step depend on, beside its inputs. */
export type RightsOptions = Pick<StepOptions, "also" | "lacks" | "names">;

/** A step that has been given rights. */
interface Step {
  readonly inputs: Inputs;
  readonly names: Names;
  /** The files of its task's role. */
  readonly files: readonly string[];
}

/**
 * The rights of the steps on one local Fargate, and of the tasks that they run in: exactly the files of docs/iam that the inputs
 * need, with the names of the cluster, the bucket and so on in the place of the placeholders. The calls that made a
 * cluster, a service or a definition say what the names stand for.
 */
export class Rights {
  readonly #world: World;
  /** By the access keys of their callers, or the ARNs of their roles. */
  readonly #steps = new Map<string, Step>();

  constructor(world: World) {
    this.#world = world;
  }

  /** The policies of the workflow's role. */
  caller(inputs: Inputs, { also = [], lacks = [], names = {} }: RightsOptions = {}): readonly Policy[] {
    const files = [...callerFilesFor(inputs), ...also].filter((file) => !lacks.includes(file));
    const all = { ...this.names(inputs), ...names };
    return files.map((file) => policyOf(file, all));
  }

  /** The policies of a task role that is for tasks with such a step alone. */
  taskRole(inputs: Inputs): readonly Policy[] {
    const names = this.names(inputs);
    return taskFilesFor(inputs, this.#clusterOf(inputs).settings).map((file) => policyOf(file, names));
  }

  /**
   * From now on the tasks of this caller's step have the files that its inputs need. The caller is named by its access key, or by
   * the ARN of its role.
   */
  register(caller: string, inputs: Inputs, { names = {} }: RightsOptions = {}): void {
    const files = taskFilesFor(inputs, this.#clusterOf(inputs).settings);
    this.#steps.set(caller, { inputs, files, names: { ...this.names(inputs), ...names } });
  }

  /** The policies of the task role in the session of one task. Without a step the task has what its exec agent needs. */
  task(taskId: string): readonly Policy[] {
    const names = this.names({});
    const task = this.#world.local.tasks.find(({ id }) => id === taskId);
    // A simulation asks about the role, and names no task.
    if (task === undefined) return taskFiles.map((file) => policyOf(file, names));
    const steps = this.#stepsIn(task);
    const policies = steps.flatMap((step) => step.files.map((file) => policyOf(file, step.names)));
    return [policyOf("task-role", names), ...policies];
  }

  #stepsIn(task: Task): readonly Step[] {
    const { plan, id } = task;
    const starts = this.#requests("RunTask").filter(({ startedBy }) => startedBy === plan.startedBy);
    const { principals } = this.#world.local.iam;
    // The key of the step's own user, or one of the role that it has assumed.
    const starters = new Set(starts.flatMap(({ key }) => [key, principals.find(key)?.roleArn ?? key]));
    return [...this.#steps].flatMap(([key, step]) => {
      const { task: named, service, "role-to-assume": role = key } = step.inputs;
      if (named !== undefined) return named.includes(id) ? [step] : [];
      const isOfService = plan.group === `service:${lastPart(service)}`;
      return isOfService || starters.has(key) || starters.has(role) ? [step] : [];
    });
  }

  /** The names in the place of the placeholders. */
  names(given: Inputs): Names {
    const { local, made } = this.#world;
    const inputs = withHandle(given);
    const { name: cluster, settings } = this.#clusterOf(inputs);
    const { cloudWatchLogGroupName, s3BucketName, s3KeyPrefix } = settings.logConfiguration ?? {};
    const key = lastPart(made.kmsKeyId);
    const isKey = (name: string | undefined): name is string => name?.includes("alias/") === false;
    const { kmsKeyId } = settings;
    const bucketKey = inputs["kms-key-id"];
    return {
      ...{ region: local.region, account: local.accountId, cluster, service: lastPart(inputs["service"]) },
      ...this.#definitionOf(inputs),
      "caller-role": "none",
      repository: "none",
      ...bucketNames(inputs["bucket"]),
      "bucket-key": isKey(bucketKey) ? lastPart(bucketKey) : key,
      "cluster-key": isKey(kmsKeyId) ? lastPart(kmsKeyId) : key,
      "container-log-group": made.containerLogGroup,
      "log-group": cloudWatchLogGroupName ?? made.containerLogGroup,
      "log-bucket": s3BucketName ?? "none",
      "log-prefix": s3KeyPrefix ?? "none",
    };
  }

  /** The ARN of a task or of a service names its cluster, whatever the input says. */
  #clusterOf({ cluster, task, service }: Inputs): {
    readonly name: string;
    readonly settings: ExecuteCommandConfiguration;
  } {
    const [, named] = /:(?:task|service)\/([^/]+)\//.exec(task ?? service ?? "") ?? [];
    const name = named ?? (lastPart(cluster) || this.#world.made.cluster);
    const made = this.#requests("CreateCluster").findLast(({ clusterName }) => clusterName === name);
    const changed = this.#requests("UpdateCluster").findLast((body) => lastPart(body["cluster"]) === name);
    const { configuration } = (changed ?? made ?? {}) as {
      readonly configuration?: { readonly executeCommandConfiguration?: ExecuteCommandConfiguration };
    };
    return { name, settings: configuration?.executeCommandConfiguration ?? {} };
  }

  /** The family that the step may start, and the names of its roles. */
  #definitionOf(inputs: Inputs): Names {
    const { made } = this.#world;
    const service = this.#requests("CreateService").findLast(
      ({ serviceName }) => serviceName === lastPart(inputs["service"]),
    );
    const named = inputs["task-definition"] ?? (service?.["taskDefinition"] as string | undefined);
    // The family of a file is in the file.
    const family = named?.endsWith(".json")
      ? "*"
      : (lastPart(named ?? made.taskDefinition).split(":")[0] ?? "");
    const registered = this.#requests("RegisterTaskDefinition").findLast((body) => body["family"] === family);
    return {
      family,
      "task-role": lastPart(inputs["task-role"] ?? registered?.["taskRoleArn"]) || "demo-task",
      "execution-role":
        lastPart(inputs["execution-role"] ?? registered?.["executionRoleArn"]) || "demo-execution",
    };
  }

  /** The bodies of these calls so far, and the keys of their callers. */
  #requests(operation: string): readonly (Readonly<Record<string, unknown>> & { readonly key: string })[] {
    return this.#world.local.requests
      .filter((request: RecordedRequest) => request.operation === operation)
      .map(({ body, key }) => ({ ...(body as object), key }));
  }
}

/** The inputs with what `handle` names, if there is one. */
function withHandle(inputs: Inputs): Inputs {
  const handle = parseHandle(inputs["handle"] ?? "");
  if (typeof handle === "string") return inputs;
  const { task, staging } = handle;
  return { ...inputs, task, ...(staging && { bucket: `${staging.bucket}/${staging.prefix}` }) };
}

/** The bucket and the start of its keys, which the input names both. */
function bucketNames(input: string | undefined): Pick<Names, "bucket" | "prefix"> {
  const [bucket = "none", ...parts] = (input ?? "none").split("/");
  const prefix = parts.join("/");
  if (parts.length === 0) return { bucket, prefix: "fargate-exec/" };
  return { bucket, prefix: prefix === "" || prefix.endsWith("/") ? prefix : `${prefix}/` };
}

/** The name in an ARN, and any other name as it is. */
function lastPart(name: unknown): string {
  return typeof name === "string" ? (name.split("/").at(-1) ?? "") : "";
}
