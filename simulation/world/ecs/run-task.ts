import type { EcsOptions, RefusalFault } from "../../ecs-options.ts";
import { type Random, randomBuffer } from "../../random.ts";
import type { ContainerOptions } from "../../scenario.ts";
import { AwsError } from "../aws-error.ts";
import type { Base } from "../base.ts";
import type { Gateway } from "../gateway.ts";
import { taskArn } from "../names.ts";
import type { Bucket } from "../s3.ts";
import type { Definition, Definitions } from "./definitions.ts";
import { firstProcessOf } from "./first-process.ts";
import { lead, NEW } from "./life.ts";
import { Task } from "./task.ts";

type Members = Readonly<Record<string, unknown>>;

/** The most tasks of one RunTask call. */
const MOST_A_CALL = 10;
const NO_CAPACITY =
  "Capacity is unavailable at this time. Please try again later or in a different availability zone";

export interface RunTaskOptions {
  readonly options: EcsOptions;
  /** What new containers are like. */
  readonly like: ContainerOptions;
  readonly definitions: Definitions;
  readonly gateway: Gateway;
  readonly bucket: Bucket;
  readonly tasks: Task[];
}

/** What RunTask has started, and what it has not. */
export interface Started {
  readonly tasks: readonly Task[];
  readonly failures: readonly Members[];
}

/** RunTask, with its client tokens and its refusals. */
export class TaskStarter {
  readonly #base: Base;
  readonly #with: RunTaskOptions;
  readonly #random: Random;
  /** What was started for each client token: the same request again starts no task. */
  readonly #byToken = new Map<string, Started>();
  /** How many tasks were started. */
  #begun = 0;

  constructor(base: Base, options: RunTaskOptions) {
    this.#base = base;
    this.#with = options;
    this.#random = base.random("new tasks");
  }

  /** Fails as ECS does. */
  run(owner: string, input: Members): Started {
    const token = input["clientToken"] as string | undefined;
    const known = token === undefined ? undefined : this.#byToken.get(token);
    if (known !== undefined) return known;
    const definition = this.#with.definitions.findActive(input["taskDefinition"]);
    if (input["networkConfiguration"] === undefined)
      throw new AwsError(
        "InvalidParameterException",
        400,
        "Network Configuration must be provided when networkMode 'awsvpc' is specified.",
      );
    const count = Number(input["count"] ?? 1);
    if (count > MOST_A_CALL) throw new AwsError("InvalidParameterException", 400, "count may not exceed 10");
    const refused = this.#refuse(this.#base.faults.ofLaunch(owner), input, count);
    const begun = Array.from({ length: count - refused.length }, () => this.#begin(owner, definition, input));
    const started = { tasks: begun, failures: refused };
    if (token !== undefined) this.#byToken.set(token, started);
    return started;
  }

  /** Starts one task. */
  #begin(owner: string, definition: Definition, input: Members): Task {
    const { tasks, options, like, gateway, bucket } = this.#with;
    const overrides = (input["overrides"] ?? {}) as Members;
    const task = new Task(
      this.#base,
      {
        name: nextName(tasks, owner),
        ...newIdentity(this.#random, this.#base),
        ...{ definition, group: `family:${definition.family}`, owner, overrides },
        startedBy: input["startedBy"] as string | undefined,
        capacityProvider: chooseProvider(this.#random, input["capacityProviderStrategy"]),
      },
      NEW,
    );
    tasks.push(task);
    this.#base.timeline.note("world", `${task.name} is PROVISIONING`);
    const { stopsIn = [like.stopsIn] } = options;
    const own = { stopsIn: stopsIn[this.#begun++ % stopsIn.length] ?? like.stopsIn };
    const firstProcess = firstProcessOf(options, own, definition.members, overrides);
    void lead(this.#base, task, { options, like, firstProcess, gateway, bucket });
    return task;
  }

  /** The failures of a call that starts fewer tasks. Throws when ECS refuses the call as a whole. */
  #refuse(fault: RefusalFault | undefined, input: Members, count: number): readonly Members[] {
    const { quota = Infinity } = this.#with.options;
    const running = this.#with.tasks.filter(
      ({ identity, state }) => identity.owner !== undefined && state.lastStatus !== "STOPPED",
    ).length;
    if (fault?.what === "quota" || running + count > quota)
      throw new AwsError(
        "ClientException",
        400,
        "You've reached the limit on the number of vCPUs you can run concurrently",
      );
    const failures = (reason: string): readonly Members[] =>
      Array.from({ length: Math.ceil(count / 2) }, () => ({ reason }));
    switch (fault?.what) {
      case "capacity":
        throw new AwsError("ClientException", 400, NO_CAPACITY);
      case "disguised-throttle":
        throw new AwsError(
          "InvalidParameterException",
          400,
          "Error retrieving security group information: Rate exceeded (ErrorCode: Throttling)",
        );
      case "no-tags":
        if (input["tags"] === undefined) return [];
        throw new AwsError(
          "InvalidParameterException",
          400,
          "The new ARN and resource ID format must be enabled to add tags to the task. Opt in to the new format and try again.",
        );
      case "capacity-failure":
        return failures(NO_CAPACITY);
      case "agent":
        return failures("AGENT");
      default:
        return [];
    }
  }
}

/** The identity of a task that begins now, but its name. */
export function newIdentity(
  random: Random,
  { time }: Pick<Base, "time">,
): { readonly id: string; readonly arn: string; readonly createdAt: number } {
  const id = randomBuffer(random, 16).toString("hex");
  return { id, arn: taskArn(id), createdAt: time.now };
}

/** Tasks are numbered for each owner, from 1. */
export function nextName(tasks: readonly Task[], owner: string): string {
  const end = ` of ${owner}`;
  return `task ${tasks.filter(({ name }) => name.endsWith(end)).length + 1}${end}`;
}

/** One of the providers, by their weights. */
function chooseProvider(random: Random, strategy: unknown): string | undefined {
  const items = (strategy ?? []) as readonly {
    readonly capacityProvider: string;
    readonly weight?: number;
  }[];
  const sum = items.reduce((all, { weight = 0 }) => all + weight, 0);
  let at = random() * sum;
  return items.find(({ weight = 0 }) => (at -= weight) < 0)?.capacityProvider;
}
