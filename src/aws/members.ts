import { RegisterTaskDefinitionRequest$, TaskOverride$ } from "@aws-sdk/client-ecs";

const SHAPES = { RegisterTaskDefinition: RegisterTaskDefinitionRequest$, TaskOverride: TaskOverride$ };

/**
 * The members of `value` that ECS does not know, as paths like `containerOverrides[0].comand`. The SDK leaves
 * such members out of the request without a word, so that a slip of the pen would go unnoticed.
 */
export function unknownMembers(shape: keyof typeof SHAPES, value: unknown): readonly string[] {
  return [...walk(SHAPES[shape], value, "")];
}

/** Those members of `value` that ECS takes at the top of this shape. */
export function knownMembers(shape: keyof typeof SHAPES, value: object): Readonly<Record<string, unknown>> {
  const names = SHAPES[shape][4] as readonly string[];
  return Object.fromEntries(Object.entries(value).filter(([name]) => names.includes(name)));
}

/** The kinds of the SDK's schemas: arrays of kind, namespace, name, traits, and what belongs to the kind. */
const LIST = 1;
const STRUCTURE = 3;

function* walk(reference: unknown, value: unknown, path: string): Generator<string> {
  const schema = schemaOf(reference);
  if (schema?.[0] === LIST && Array.isArray(value)) {
    for (const [i, item] of value.entries()) yield* walk(schema[4], item, `${path}[${i}]`);
  }
  if (schema?.[0] === STRUCTURE && typeof value === "object" && value !== null) {
    const names = schema[4] as readonly string[];
    for (const [name, member] of Object.entries(value)) {
      const at = path ? `${path}.${name}` : name;
      const index = names.indexOf(name);
      if (index < 0) yield at;
      else yield* walk((schema[5] as readonly unknown[])[index], member, at);
    }
  }
}

/** A reference is a schema, a function that returns one, a pair with traits, or a number for a simple type. */
function schemaOf(reference: unknown): readonly unknown[] | undefined {
  if (typeof reference === "function") return schemaOf((reference as () => unknown)());
  if (!Array.isArray(reference)) return undefined;
  return typeof reference[1] === "string" ? reference : schemaOf(reference[0]);
}
