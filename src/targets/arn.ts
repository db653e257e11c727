import { partitionOf } from "../aws/partitions.ts";
import { badInput } from "../inputs/refusals.ts";
import type { Inputs } from "../inputs/inputs.ts";

/** `arn:<partition>:<service>:<region>:<account>:<resource>`; the resource may hold colons and slashes. */
export interface Arn {
  readonly partition: string;
  readonly service: string;
  /** Undefined in the ARNs of S3 and IAM. */
  readonly region: string | undefined;
  /** Undefined in the ARNs of S3. */
  readonly account: string | undefined;
  readonly resource: string;
}

/** Undefined for a text that is no ARN. */
export function parseArn(text: string): Arn | undefined {
  const match = /^arn:(aws[a-z-]*):([a-z0-9-]+):([a-z0-9-]*):(\d{12}|):(\S+)$/.exec(text);
  if (!match) return undefined;
  const [, partition = "", service = "", region, account, resource = ""] = match.map(
    (part) => part || undefined,
  );
  return { partition, service, region, account, resource };
}

/** A task or a service in its cluster. */
export interface ClusterMember {
  /** A name or an ARN, as ECS takes either. */
  readonly cluster: string;
  /** The id or name within the cluster. */
  readonly id: string;
}

/**
 * Parses a task's ID (32 hexadecimal digits, or a UUID in the old format) or ARN (`task/<cluster>/<id>`, or `task/<id>`
 * in the old format). Fails when the ARN contradicts the inputs `cluster` or `region`.
 */
export function parseTask(task: string, cluster: string, region: string): ClusterMember {
  const must = "the ID of a task or its ARN";
  const parsed = inCluster("task", task, must, cluster, region);
  if (!/^[0-9a-f]{32}$|^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(parsed.id))
    throw badInput(
      "task",
      must,
      `'${task}'`,
      "An ID has 32 hexadecimal digits; 'aws ecs list-tasks' shows it.",
    );
  return parsed;
}

/** Parses a service's name or ARN (`service/<cluster>/<name>`, or `service/<name>` in the old format). Fails as `parseTask` does. */
export function parseService(service: string, cluster: string, region: string): ClusterMember {
  const must = "the name of a service or its ARN";
  const parsed = inCluster("service", service, must, cluster, region);
  if (!/^[\w-]{1,255}$/.test(parsed.id)) throw badInput("service", must, `'${service}'`);
  return parsed;
}

/** The cluster of the task or service that the inputs name: from its ARN, else from the input `cluster`. */
export function clusterOf(inputs: Pick<Inputs, "cluster" | "where" | "region">): string {
  const { where, cluster, region } = inputs;
  if (where.kind === "handle") return cluster;
  if (where.kind === "task") return parseTask(where.task, cluster, region).cluster;
  return where.service === undefined ? cluster : parseService(where.service, cluster, region).cluster;
}

/** The name of a cluster, from its ARN or its name. */
export function clusterName(cluster: string): string {
  return parseArn(cluster)?.resource.replace(/^cluster\//, "") ?? cluster;
}

/**
 * The ARN of a cluster that is given by its name or its ARN. A name stands for a cluster of the caller's account. Undefined
 * for a name when that account isn't known.
 */
export function clusterArn(
  cluster: string,
  { region, account }: { readonly region: string; readonly account: string | undefined },
): string | undefined {
  if (parseArn(cluster) !== undefined) return cluster;
  if (account === undefined) return undefined;
  return `arn:${partitionOf(region).name}:ecs:${region}:${account}:cluster/${cluster}`;
}

/** The ARN of a resource in the partition, region and account of a cluster, by the cluster's ARN or that of its task. */
export function arnBeside(cluster: string, service: string, resource: string): string {
  const [arn, partition, , region, account] = cluster.split(":");
  return [arn, partition, service, region, account, resource].join(":");
}

/** The part after the last slash, which is a task's ID in both formats of its ARN. */
export function lastPart(arn: string): string {
  return arn.slice(arn.lastIndexOf("/") + 1);
}

function inCluster(
  kind: "task" | "service",
  text: string,
  must: string,
  cluster: string,
  region: string,
): ClusterMember {
  if (!text.startsWith("arn:")) return { cluster, id: text };
  const arn = parseArn(text);
  const [type, ...rest] = arn?.resource.split("/") ?? [];
  const id = rest.at(-1);
  if (arn?.service !== "ecs" || type !== kind || id === undefined || rest.length > 2) {
    throw badInput(kind, must, `'${text}'`);
  }
  if (arn.region !== region) {
    throw badInput(
      kind,
      `in the region of this run, ${region}`,
      `'${text}'`,
      "Set the input 'region' to its region.",
    );
  }
  const inArn = rest.length === 2 ? rest[0] : undefined;
  if (inArn === undefined) return { cluster, id };
  const wanted = parseArn(cluster);
  const differs = clusterName(cluster) !== inArn || (wanted !== undefined && wanted.account !== arn.account);
  // `default` may mean that the user has not set the input `cluster`. Then the cluster in the ARN counts.
  if (differs && cluster !== "default") {
    const isSameName = clusterName(cluster) === inArn;
    const [its, account] = isSameName
      ? [arnBeside(text, "ecs", `cluster/${inArn}`), ` of account ${arn.account}`]
      : [inArn, ""];
    throw badInput(
      kind,
      `in the cluster '${cluster}'`,
      `'${text}', which is in '${inArn}'${account}`,
      `Leave the input 'cluster' out, or set it to '${its}'.`,
    );
  }
  return { cluster: differs ? inArn : cluster, id };
}
