import {
  RegisterTaskDefinitionRequest$,
  RunTaskRequest$,
  TaskDefinition$,
  TaskOverride$,
} from "@aws-sdk/client-ecs";
import { NormalizedSchema } from "@smithy/core/schema";

const SHAPES = {
  RegisterTaskDefinition: RegisterTaskDefinitionRequest$,
  RunTask: RunTaskRequest$,
  TaskDefinition: TaskDefinition$,
  TaskOverride: TaskOverride$,
};

/**
 * The members of `value` that this SDK does not know, as paths like `containerOverrides[0].comand`. The SDK silently leaves such
 * members out of a request, so a typing error would go unnoticed. It also leaves them out of an answer.
 */
export function unknownMembers(shape: keyof typeof SHAPES, value: unknown): readonly string[] {
  return [...walk(NormalizedSchema.of(SHAPES[shape]), value, "")];
}

/** The members of `value` that ECS takes at the top level of this shape. */
export function knownMembers(shape: keyof typeof SHAPES, value: object): Readonly<Record<string, unknown>> {
  const members = membersOf(NormalizedSchema.of(SHAPES[shape]));
  return Object.fromEntries(Object.entries(value).filter(([name]) => members.has(name)));
}

function* walk(schema: NormalizedSchema, value: unknown, path: string): Generator<string> {
  if (schema.isListSchema() && Array.isArray(value)) {
    for (const [i, item] of value.entries()) yield* walk(schema.getValueSchema(), item, `${path}[${i}]`);
  }
  if (schema.isStructSchema() && typeof value === "object" && value !== null) {
    const members = membersOf(schema);
    for (const [name, item] of Object.entries(value)) {
      const at = path ? `${path}.${name}` : name;
      const member = members.get(name);
      if (member === undefined) yield at;
      else yield* walk(member, item, at);
    }
  }
}

function membersOf(struct: NormalizedSchema): ReadonlyMap<string, NormalizedSchema> {
  return new Map(struct.structIterator());
}
