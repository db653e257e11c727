import { randomUUID } from "node:crypto";
import type { Clients } from "./clients.ts";
import type { Plan } from "./plan.ts";
import type { CreatedResource } from "./resources/resource-type.ts";
import { types } from "./resources/types.ts";
import { type Output, textOf } from "./template.ts";

export interface StackEvent {
  readonly EventId: string;
  readonly LogicalResourceId: string;
  readonly PhysicalResourceId: string;
  readonly ResourceType: string;
  readonly ResourceStatus: string;
  readonly ResourceStatusReason?: string;
  readonly Timestamp: string;
}

interface StackOptions {
  readonly id: string;
  readonly name: string;
  /** The template as it was given. */
  readonly text: string;
  readonly plan: Plan;
}

/** One stack: makes its resources one after the other, and removes them in the reverse order. */
export class Stack {
  readonly id: string;
  readonly name: string;
  readonly text: string;
  readonly plan: Plan;
  readonly createdAt = new Date().toISOString();
  status = "REVIEW_IN_PROGRESS";
  reason: string | undefined;
  /** The oldest first. */
  readonly events: StackEvent[] = [];
  outputs: readonly { OutputKey: string; OutputValue: string; Description?: string }[] = [];
  readonly #made = new Map<string, CreatedResource>();

  constructor({ id, name, text, plan }: StackOptions) {
    this.id = id;
    this.name = name;
    this.text = text;
    this.plan = plan;
  }

  /** Makes all resources. When one can't be made, removes those that were made. */
  async create(clients: Clients): Promise<void> {
    this.#tell("CREATE_IN_PROGRESS");
    for (const [name, { Type, Properties = {} }] of this.plan.resources) {
      const tell = (status: string, why?: string): void => this.#tellOf(name, Type, status, why);
      tell("CREATE_IN_PROGRESS");
      try {
        const properties = this.plan.resolve(Properties, this.#made) as never;
        const made = await types[Type]?.make(properties, clients);
        if (made === undefined) continue;
        this.#made.set(name, made);
        await types[Type]?.complete?.(properties, clients, made);
      } catch (error) {
        tell("CREATE_FAILED", wordsOf(error));
        await this.#rollBack(`The following resource(s) failed to create: [${name}].`, clients);
        return;
      }
      tell("CREATE_COMPLETE");
    }
    this.outputs = this.#outputs(this.plan.outputs);
    this.#tell("CREATE_COMPLETE");
  }

  /** Removes all resources. Those that can't be removed are kept for another try. */
  async delete(clients: Clients): Promise<void> {
    this.#tell("DELETE_IN_PROGRESS");
    const kept = await this.#removeAll(clients);
    if (kept.length === 0) this.#tell("DELETE_COMPLETE");
    else this.#tell("DELETE_FAILED", `The following resource(s) failed to delete: [${kept.join(", ")}].`);
  }

  async #rollBack(why: string, clients: Clients): Promise<void> {
    this.#tell("ROLLBACK_IN_PROGRESS", why);
    const kept = await this.#removeAll(clients);
    this.#tell(kept.length === 0 ? "ROLLBACK_COMPLETE" : "ROLLBACK_FAILED", why);
  }

  /** Removes all resources. Resolves with the names of those that could not be removed. */
  async #removeAll(clients: Clients): Promise<readonly string[]> {
    for (const [name, { Type }] of this.plan.resources.toReversed()) {
      const made = this.#made.get(name);
      if (made === undefined) continue;
      try {
        await types[Type]?.remove(made.id, clients);
      } catch (error) {
        this.#tellOf(name, Type, "DELETE_FAILED", wordsOf(error));
        continue;
      }
      this.#tellOf(name, Type, "DELETE_COMPLETE");
      this.#made.delete(name);
    }
    return [...this.#made.keys()];
  }

  #outputs(outputs: Readonly<Record<string, Output>>): Stack["outputs"] {
    return Object.entries(outputs)
      .filter(([, { Condition }]) => this.plan.isMet(Condition))
      .map(([OutputKey, { Value, Description }]) => ({
        OutputKey,
        OutputValue: textOf(this.plan.resolve(Value, this.#made)),
        ...(Description !== undefined && { Description }),
      }));
  }

  #tell(status: string, why?: string): void {
    this.status = status;
    this.reason = why;
    this.#event(this.name, this.id, "AWS::CloudFormation::Stack", status, why);
  }

  #tellOf(name: string, type: string, status: string, why?: string): void {
    this.#event(name, this.#made.get(name)?.id ?? "", type, status, why);
  }

  #event(name: string, id: string, type: string, status: string, why?: string): void {
    this.events.push({
      EventId: randomUUID(),
      LogicalResourceId: name,
      PhysicalResourceId: id,
      ResourceType: type,
      ResourceStatus: status,
      ...(why !== undefined && { ResourceStatusReason: why }),
      Timestamp: new Date().toISOString(),
    });
  }
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}
