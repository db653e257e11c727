import {
  taskDefinitionFrom,
  type RegistrableDefinition,
  type TaskDefinition,
} from "../../src/aws/task-definition.ts";
import { unknownMembers } from "../../src/aws/members.ts";
import type { Ecs } from "../../src/aws/ecs.ts";
import { taskDefinitionNotFound } from "../../src/aws/missing.ts";

type Calls = Pick<
  Ecs,
  | "describeTaskDefinition"
  | "listDefinitionFamilies"
  | "registerTaskDefinition"
  | "deregisterTaskDefinition"
  | "deleteTaskDefinition"
>;

const PREFIX = "arn:aws:ecs:eu-central-1:123456789012:task-definition/";

/** Task definitions by revision, as ECS keeps them: a family stands for its newest active revision. */
export class Definitions implements Calls {
  readonly #revisions: {
    readonly arn: string;
    readonly given: RegistrableDefinition;
    readonly registeredAt: Date;
    active: boolean;
  }[] = [];
  readonly #clock: { readonly now: () => number };

  constructor(clock: { readonly now: () => number } = Date) {
    this.#clock = clock;
  }

  readonly registerTaskDefinition: Calls["registerTaskDefinition"] = (given) => {
    const family = String(given["family"]);
    const arn = `${PREFIX}${family}:${this.#of(family).length + 1}`;
    this.#revisions.push({ arn, given, registeredAt: new Date(this.#clock.now()), active: true });
    return Promise.resolve(this.#view(arn));
  };

  readonly describeTaskDefinition: Calls["describeTaskDefinition"] = (name) => {
    const full = name.startsWith("arn:") ? name : PREFIX + name;
    const found =
      this.#revisions.find(({ arn }) => arn === full) ??
      this.#of(name)
        .filter(({ active }) => active)
        .at(-1);
    if (found === undefined) return Promise.reject(taskDefinitionNotFound(name, "none"));
    return Promise.resolve(this.#view(found.arn));
  };

  readonly deregisterTaskDefinition: Calls["deregisterTaskDefinition"] = (arn) => {
    for (const one of this.#revisions) if (one.arn === arn) one.active = false;
    return Promise.resolve();
  };

  readonly deleteTaskDefinition: Calls["deleteTaskDefinition"] = (arn) => {
    const at = this.#revisions.findIndex((one) => one.arn === arn && !one.active);
    if (at < 0) return Promise.reject(new Error("only a deregistered definition can be deleted"));
    this.#revisions.splice(at, 1);
    return Promise.resolve();
  };

  readonly listDefinitionFamilies: Calls["listDefinitionFamilies"] = (prefix) => {
    const families = this.active.map((name) => name.replace(/:\d+$/, ""));
    return Promise.resolve([...new Set(families)].filter((name) => name.startsWith(prefix)));
  };

  /** `family:revision` of each active task definition. */
  get active(): readonly string[] {
    return this.#revisions.filter(({ active }) => active).map(({ arn }) => arn.slice(PREFIX.length));
  }

  #of(family: string) {
    return this.#revisions.filter(({ given }) => given["family"] === family);
  }

  #view(arn: string): TaskDefinition {
    const found = this.#revisions.find((one) => one.arn === arn);
    const { tags, ...rest } = found?.given ?? {};
    const active = found?.active ?? false;
    return taskDefinitionFrom(
      {
        ...rest,
        taskDefinitionArn: arn,
        status: active ? "ACTIVE" : "INACTIVE",
        registeredAt: found?.registeredAt,
      },
      tags as { key: string; value: string }[] | undefined,
      unknownMembers("TaskDefinition", rest),
    );
  }
}
