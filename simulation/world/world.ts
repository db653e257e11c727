import type { Container } from "../container/container.ts";
import type { Scenario } from "../scenario.ts";
import { Base, type Caller } from "./base.ts";
import { Calls } from "./calls.ts";
import { Ecs } from "./ecs/ecs.ts";
import { Gateway } from "./gateway.ts";
import { Roles } from "./roles.ts";
import { Bucket } from "./s3.ts";
import { SessionLogs } from "./session-logs.ts";
import { answerS3 } from "./s3-operations.ts";
import { answerSsm } from "./ssm.ts";

/** AWS with its containers, as the runners of a scenario meet it. */
export class World {
  readonly base: Base;
  readonly bucket: Bucket;
  readonly gateway: Gateway;
  readonly ecs: Ecs;
  readonly calls: Calls;
  readonly roles: Roles;

  constructor({ seed, world, containers, ecs, faults }: Scenario) {
    this.base = new Base(seed, world, faults);
    this.bucket = new Bucket(this.base);
    this.gateway = new Gateway(this.base, new SessionLogs(this.base, this.bucket));
    this.calls = new Calls(this.base, (call) => this.roles.note(call));
    this.roles = new Roles(this.base, this.calls);
    this.ecs = new Ecs(this.base, this.gateway, this.bucket, containers, ecs);
  }

  get containers(): readonly Container[] {
    return this.ecs.tasks.flatMap(({ container }) => container ?? []);
  }

  /** When the credentials of a runner end, as its environment says; undefined when it does not. */
  credentialsEnd(runner: string): Date | undefined {
    const { time, faults } = this.base;
    const { at = 0, isTold = false } = faults.credentialsOf(runner) ?? {};
    return isTold ? new Date(time.now - time.elapsed + at) : undefined;
  }

  /** One request of a runner. `operation` is AWS's name, without `Command`. */
  ask(
    caller: Caller,
    service: "ecs" | "logs" | "s3" | "ssm",
    operation: string,
    input: Readonly<Record<string, unknown>>,
    signal?: AbortSignal,
  ): Promise<unknown> {
    const resource = (input["task"] ?? input["Key"] ?? input["cluster"] ?? "*") as string;
    const act = (): unknown => {
      switch (service) {
        case "ecs":
          return this.ecs.answer(caller.name, operation, input);
        case "logs":
          return this.gateway.logs.answer(operation, input);
        case "s3":
          return answerS3(this.bucket, operation, input, this.base.time.now);
        case "ssm":
          return answerSsm(this.base, this.gateway, operation, input);
      }
    };
    return this.calls.send(caller, { operation: `${service}:${operation}`, resource, act, signal });
  }
}
