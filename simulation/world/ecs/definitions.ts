import type { EcsOptions } from "../../ecs-options.ts";
import { accessDenied, AwsError } from "../aws-error.ts";
import type { Base } from "../base.ts";
import { CONTAINER, definitionArn, FAMILY } from "../names.ts";

type Members = Readonly<Record<string, unknown>>;

/** A revision of a task definition. */
export interface Definition {
  readonly arn: string;
  readonly family: string;
  readonly revision: number;
  /** As RegisterTaskDefinition has taken it, with ECS's own defaults. */
  readonly members: Members;
  readonly tags: readonly unknown[];
  readonly registeredAt: number;
  /** The runner that has registered it; undefined for the user's. */
  readonly owner: string | undefined;
  status: "ACTIVE" | "INACTIVE" | "DELETE_IN_PROGRESS";
  /** When it was deregistered. */
  inactiveAt: number;
}

/** The user's definition, which the service uses, too. */
const USERS: Members = {
  ...{ family: FAMILY, networkMode: "awsvpc", requiresCompatibilities: ["FARGATE"] },
  ...{ cpu: "1024", memory: "2048", taskRoleArn: "arn:aws:iam::111122223333:role/job" },
  executionRoleArn: "arn:aws:iam::111122223333:role/execution",
};

/** The task definitions of the account. */
export class Definitions {
  readonly all: Definition[] = [];
  readonly #base: Base;
  readonly #options: EcsOptions | undefined;

  constructor(base: Base, options: EcsOptions | undefined) {
    this.#base = base;
    this.#options = options;
    const container = {
      ...{ name: CONTAINER, image: "app:1", essential: true },
      ...(options?.hasShell === true && { entryPoint: ["sh", "-c"] }),
    };
    this.#add(undefined, { ...USERS, containerDefinitions: [container] });
  }

  /** The revision that a name means: the newest active one of a family. Fails as ECS does. */
  find(name: unknown): Definition {
    const text = String(name).replace(/^arn:.*:task-definition\//, "");
    const [family, revision] = text.split(":");
    const found = this.all.findLast(
      (each) =>
        each.family === family &&
        (revision === undefined ? each.status === "ACTIVE" : String(each.revision) === revision),
    );
    if (found === undefined)
      throw new AwsError("ClientException", 400, "Unable to describe task definition.");
    return found;
  }

  /** The revision from which a task can be started. */
  findActive(name: unknown): Definition {
    const found = this.find(name);
    if (found.status !== "ACTIVE") throw new AwsError("ClientException", 400, "TaskDefinition is inactive");
    return found;
  }

  register(owner: string, input: Members): unknown {
    if (this.#options?.mayRegister !== true) throw accessDenied("ecs:RegisterTaskDefinition", "*");
    const { tags, ...members } = input;
    const made = this.#add(owner, members, tags as readonly unknown[] | undefined);
    return { taskDefinition: this.#describe(made), tags: made.tags };
  }

  describe(name: unknown): unknown {
    if (this.#options?.mayDescribe !== true) throw accessDenied("ecs:DescribeTaskDefinition", String(name));
    const found = this.find(name);
    return { taskDefinition: this.#describe(found), tags: found.tags };
  }

  deregister(name: unknown): unknown {
    const found = this.find(name);
    if (found.status !== "ACTIVE")
      throw new AwsError("ClientException", 400, "The specified task definition is inactive.");
    found.status = "INACTIVE";
    found.inactiveAt = this.#base.time.now;
    this.#base.timeline.note("world", `${nameOf(found)} is deregistered`);
    return { taskDefinition: this.#describe(found) };
  }

  delete(names: readonly unknown[]): unknown {
    const found = names.map((name) => this.find(name));
    if (found.some(({ status }) => status === "ACTIVE"))
      throw new AwsError("ClientException", 400, "A task definition has to be deregistered first.");
    for (const each of found) each.status = "DELETE_IN_PROGRESS";
    return { taskDefinitions: found.map((each) => this.#describe(each)), failures: [] };
  }

  /** The families with an active revision, as far as the list knows. */
  families(prefix: string): unknown {
    const lag = this.#options?.lag ?? 0;
    const { now } = this.#base.time;
    const listed = this.all.filter(
      ({ family, registeredAt, inactiveAt }) =>
        family.startsWith(prefix) && registeredAt + lag <= now && inactiveAt + lag > now,
    );
    return { families: [...new Set(listed.map(({ family }) => family))].sort() };
  }

  #add(owner: string | undefined, members: Members, tags: readonly unknown[] = []): Definition {
    const family = String(members["family"]);
    const revision = this.all.filter((each) => each.family === family).length + 1;
    const made: Definition = {
      ...{ arn: definitionArn(`${family}:${revision}`), family, revision, members: withDefaults(members) },
      ...{ tags, registeredAt: this.#base.time.now, owner, status: "ACTIVE", inactiveAt: Infinity },
    };
    this.all.push(made);
    if (owner !== undefined) this.#base.timeline.note("world", `${nameOf(made)} is registered`);
    return made;
  }

  #describe({ arn, revision, members, status, registeredAt, owner }: Definition): unknown {
    return {
      ...copied(members),
      ...{ taskDefinitionArn: arn, revision, status, registeredAt: new Date(registeredAt) },
      registeredBy: `arn:aws:sts::111122223333:assumed-role/${owner === undefined ? "admin" : "runner"}/session`,
      ...{ compatibilities: ["EC2", "FARGATE"], requiresAttributes: [{ name: "ecs.capability.task-eni" }] },
    };
  }
}

/** ECS adds empty members to what it is given. */
function withDefaults(members: Members): Members {
  const containers = (members["containerDefinitions"] ?? []) as readonly Members[];
  return {
    ...members,
    containerDefinitions: containers.map((container) => ({
      ...{ cpu: 0, portMappings: [], essential: true, environment: [], mountPoints: [], volumesFrom: [] },
      ...{ systemControls: [], ...container },
    })),
    ...{ volumes: [], placementConstraints: [] },
  };
}

function nameOf({ family, revision }: Definition): string {
  return `definition ${family.slice(-24)}:${revision}`;
}

/** A copy of plain data, such as JSON holds. `structuredClone` takes ten times as long. */
function copied<T>(data: T): T {
  if (Array.isArray(data)) return data.map(copied) as T;
  if (typeof data !== "object" || data === null) return data;
  return Object.fromEntries(Object.entries(data).map(([name, value]) => [name, copied<unknown>(value)])) as T;
}
