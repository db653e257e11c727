import { isMap, isScalar, isSeq, parseDocument } from "yaml";
import { invalid } from "./errors.ts";

export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };
export type JsonObject = Readonly<Record<string, Json>>;

export interface Parameter {
  readonly Type: string;
  readonly Default?: string | number;
  readonly AllowedPattern?: string;
  readonly ConstraintDescription?: string;
  readonly AllowedValues?: readonly (string | number)[];
}

export interface Resource {
  readonly Type: string;
  readonly Condition?: string;
  readonly DependsOn?: string | readonly string[];
  readonly Properties?: JsonObject;
}

export interface Output {
  readonly Condition?: string;
  readonly Description?: string;
  readonly Value: Json;
}

export interface Template {
  readonly Description?: string;
  readonly Parameters?: Readonly<Record<string, Parameter>>;
  readonly Conditions?: JsonObject;
  readonly Resources: Readonly<Record<string, Resource>>;
  readonly Outputs?: Readonly<Record<string, Output>>;
}

const SECTIONS = [
  "AWSTemplateFormatVersion",
  "Description",
  "Parameters",
  "Conditions",
  "Resources",
  "Outputs",
];
const OF_A_RESOURCE = [
  "Type",
  "Condition",
  "DependsOn",
  "Properties",
  "DeletionPolicy",
  "UpdateReplacePolicy",
];

/** Parses a template in YAML or JSON. Throws for a text that is not a template, and for parts that the local Fargate does not know. */
export function readTemplate(text: string): Template {
  const document = parseDocument(text, { logLevel: "silent" });
  const [error] = document.errors;
  if (error !== undefined) throw invalid(`Template format error: ${error.message}`);
  const template = plain(document.contents) as Partial<Template> | null;
  if (typeof template !== "object" || template?.Resources === undefined)
    throw invalid("Template format error: At least one Resources member must be defined.");
  requireKnown(template, SECTIONS, "a template");
  for (const [name, resource] of Object.entries(template.Resources)) {
    requireKnown(resource, OF_A_RESOURCE, `resource '${name}'`);
    const kept = ["DeletionPolicy", "UpdateReplacePolicy"].find(
      (policy) => ![undefined, "Delete"].includes((resource as never)[policy]),
    );
    if (kept !== undefined)
      throw invalid(`The local Fargate has no ${kept} but Delete (resource '${name}').`);
  }
  return template as Template;
}

/** Throws if an object has a member whose name is not among `names`. */
export function requireKnown(object: object, names: readonly string[], where: string): void {
  const stranger = Object.keys(object).find((name) => !names.includes(name));
  if (stranger !== undefined) throw invalid(`The local Fargate knows no '${stranger}' of ${where}.`);
}

/** A value as a string. Throws unless it is a string, a number, a boolean or null. */
export function textOf(value: Json | undefined): string {
  if (typeof value === "object" || value === undefined)
    throw invalid(`Template error: ${JSON.stringify(value)} stands where a text should`);
  return String(value);
}

/** The value of a node, in which `!Sub x` is `{"Fn::Sub": "x"}`. */
function plain(node: unknown): Json {
  const value = isMap(node)
    ? Object.fromEntries(node.items.map(({ key, value }) => [textOf(plain(key)), plain(value)]))
    : isSeq(node)
      ? node.items.map(plain)
      : isScalar(node)
        ? (node.value as Json)
        : null;
  const [, name] = /^!(\w+)$/.exec((node as { tag?: string } | null)?.tag ?? "") ?? [];
  if (name === undefined) return value;
  if (name === "Ref" || name === "Condition") return { [name]: value };
  return { [`Fn::${name}`]: value };
}
