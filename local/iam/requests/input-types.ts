import * as ecs from "@aws-sdk/client-ecs";
import { NormalizedSchema } from "@smithy/core/schema";
import { AwsError } from "../../aws-error.ts";

/** The kind of a schema that is an operation (`@smithy/types`, `StaticOperationSchema`): its fifth member is its input. */
const OPERATION = 9;

/**
 * Throws ECS's answer to a call whose body has a value of another type than AWS's model of the call, which the SDK brings. AWS's own message has other words.
 * A call that the model doesn't have passes: nothing here reads it.
 */
export function checkInputTypes(operation: string, body: Readonly<Record<string, unknown>>): void {
  const schema = (ecs as Readonly<Record<string, unknown>>)[`${operation}$`];
  if (!Array.isArray(schema) || schema[0] !== OPERATION) return;
  check(NormalizedSchema.of(schema[4] as Parameters<typeof NormalizedSchema.of>[0]), body, "");
}

function check(schema: NormalizedSchema, value: unknown, path: string): void {
  if (schema.isListSchema()) {
    if (!Array.isArray(value)) throw wrongType(path, value, "a list");
    for (const item of value) check(schema.getValueSchema(), item, `${path}[]`);
  } else if (schema.isMapSchema()) {
    if (!isObject(value)) throw wrongType(path, value, "a map");
    for (const item of Object.values(value)) check(schema.getValueSchema(), item, `${path}{}`);
  } else if (schema.isStructSchema()) {
    if (!isObject(value)) throw wrongType(path, value, "a structure");
    for (const [name, member] of schema.structIterator())
      if (value[name] !== undefined) check(member, value[name], path === "" ? name : `${path}.${name}`);
  } else checkScalar(schema, value, path);
}

function checkScalar(schema: NormalizedSchema, value: unknown, path: string): void {
  if (schema.isStringSchema() && typeof value !== "string") throw wrongType(path, value, "a string");
  if (schema.isBooleanSchema() && typeof value !== "boolean") throw wrongType(path, value, "a boolean");
  if ((schema.isNumericSchema() || schema.isTimestampSchema()) && typeof value !== "number")
    throw wrongType(path, value, "a number");
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function wrongType(path: string, value: unknown, wanted: string): AwsError {
  const kind: string = Array.isArray(value) ? "list" : typeof value;
  const got = { object: "structure", undefined: "null" }[kind] ?? kind;
  return new AwsError("SerializationException", `${path}: a ${got} can not be converted to ${wanted}.`);
}
