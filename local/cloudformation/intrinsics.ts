import { invalid } from "./errors.ts";
import { type Json, type JsonObject, textOf } from "./template.ts";

/** The names of a template that its functions look up. Each method throws for a name that the template lacks. */
export interface Scope {
  /** The value of a parameter or pseudo parameter, or a resource's id. Undefined for `AWS::NoValue`. */
  ref(name: string): Json | undefined;
  attribute(resource: string, name: string): Json;
  isMet(name: string): boolean;
}

type Evaluator = (argument: Json, scope: Scope) => Json | undefined;

const functions: Readonly<Record<string, Evaluator>> = {
  Ref: (name, scope) => scope.ref(textOf(name)),
  Condition: (name, scope) => scope.isMet(textOf(name)),
  "Fn::GetAtt": (argument, scope) => scope.attribute(...attributeOf(argument)),
  "Fn::Sub": (argument, scope) => {
    const [text, more] = Array.isArray(argument)
      ? (argument as [string, JsonObject])
      : [textOf(argument), {}];
    const values = resolve(more, scope) as JsonObject;
    return text.replaceAll(VARIABLE, (_, literal: string, name: string) => {
      if (literal !== "") return `\${${name}}`;
      const [resource = "", ...attribute] = name.split(".");
      const value =
        values[name] ??
        (attribute.length === 0 ? scope.ref(name) : scope.attribute(resource, attribute.join(".")));
      return textOf(value);
    });
  },
  "Fn::Join": (argument, scope) => {
    const [separator, parts] = argument as [string, Json];
    return (resolve(parts, scope) as readonly string[]).join(separator);
  },
  "Fn::If": (argument, scope) => {
    const [condition, yes, no] = argument as [string, Json, Json];
    return resolve(scope.isMet(condition) ? yes : no, scope);
  },
  "Fn::Equals": (argument, scope) => {
    const [one, other] = resolve(argument, scope) as readonly Json[];
    return JSON.stringify(one) === JSON.stringify(other);
  },
  "Fn::Not": (argument, scope) => (resolve(argument, scope) as readonly Json[])[0] !== true,
  "Fn::And": (argument, scope) => (resolve(argument, scope) as readonly Json[]).every((one) => one === true),
  "Fn::Or": (argument, scope) => (resolve(argument, scope) as readonly Json[]).some((one) => one === true),
};

/** `${Name}`, `${Resource.Attribute}` and the literal `${!Name}`. */
const VARIABLE = /\$\{(!?)([^}]+)\}/g;

/** A value in which every function has been replaced by its result. Undefined for `AWS::NoValue`. */
export function resolve(value: Json, scope: Scope): Json | undefined {
  if (Array.isArray(value))
    return (value as readonly Json[]).map((one) => resolve(one, scope)).filter((one) => one !== undefined);
  if (typeof value !== "object" || value === null) return value;
  const called = callOf(value as JsonObject);
  if (called !== undefined) return called.evaluate(called.argument, scope);
  const members = Object.entries(value).map(([name, one]) => [name, resolve(one, scope)] as const);
  return Object.fromEntries(members.filter(([, one]) => one !== undefined)) as JsonObject;
}

/** The names that a value refers to, by Ref, GetAtt or Sub. */
export function namesIn(value: Json): readonly string[] {
  if (Array.isArray(value)) return (value as readonly Json[]).flatMap(namesIn);
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value as JsonObject).flatMap(([name, argument]) => {
    if (name === "Ref") return [textOf(argument)];
    if (name === "Fn::GetAtt") return [attributeOf(argument)[0]];
    if (name !== "Fn::Sub") return namesIn(argument);
    const text = textOf(Array.isArray(argument) ? (argument as readonly Json[])[0] : argument);
    const used = [...text.matchAll(VARIABLE)].map(([, , variable = ""]) => variable.split(".")[0] ?? "");
    return [...used, ...(Array.isArray(argument) ? namesIn(argument as readonly Json[]) : [])];
  });
}

function callOf(value: JsonObject): { evaluate: Evaluator; argument: Json } | undefined {
  const [[name, argument] = ["", null], ...others] = Object.entries(value);
  // A policy's statement also has a member named Condition. It is an object, and no function.
  if (others.length > 0 || (name === "Condition" && typeof argument !== "string")) return undefined;
  const evaluate = Object.hasOwn(functions, name) ? functions[name] : undefined;
  if (evaluate !== undefined) return { evaluate, argument };
  if (name.startsWith("Fn::")) throw invalid(`The local Fargate has no function ${name}.`);
  return undefined;
}

/** GetAtt's argument: `[resource, attribute]`, or in YAML also `resource.attribute`. */
function attributeOf(argument: Json): readonly [string, string] {
  const [resource = "", ...attribute] = Array.isArray(argument)
    ? (argument as readonly string[])
    : textOf(argument).split(".");
  return [resource, attribute.join(".")];
}
