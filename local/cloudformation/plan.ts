import { invalid } from "./errors.ts";
import { namesIn, resolve, type Scope } from "./intrinsics.ts";
import type { CreatedResource } from "./resources/resource-type.ts";
import { types } from "./resources/types.ts";
import {
  type Json,
  type Output,
  type Parameter,
  requireKnown,
  type Resource,
  type Template,
} from "./template.ts";

/** A template with the values of its parameters: the resources and outputs that a stack gets. */
export interface Plan {
  /** The values of all parameters, as strings. */
  readonly parameters: Readonly<Record<string, string>>;
  /** In the order in which they can be made: each after those that it refers to. */
  readonly resources: readonly (readonly [name: string, resource: Resource])[];
  readonly outputs: Readonly<Record<string, Output>>;
  /** A value of the template, such as a resource's properties, with its functions evaluated. `made` has the resources made so far. */
  resolve(value: Json, made: ReadonlyMap<string, CreatedResource>): Json;
  /** Whether a resource's or an output's condition holds. */
  isMet(condition: string | undefined): boolean;
}

/** The values of `AWS::Region` and the other pseudo parameters. */
export type PseudoParameters = Readonly<Record<string, string>>;

/** Throws CloudFormation's refusal of a template or of its parameters, and a refusal of what the local Fargate does not know. */
export function makePlan(
  template: Template,
  given: Readonly<Record<string, string>>,
  pseudo: PseudoParameters,
): Plan {
  const parameters = parameterValues(template.Parameters ?? {}, given);
  const valueOf = (name: string): Json | undefined => {
    const text = parameters[name];
    const type = template.Parameters?.[name]?.Type ?? "";
    const isList = type.startsWith("List<") || type === "CommaDelimitedList";
    return isList ? text?.split(",").map((one) => one.trim()) : text;
  };
  const scopeOf = (made: ReadonlyMap<string, CreatedResource>): Scope => {
    const madeOf = (name: string): CreatedResource => {
      const found = made.get(name);
      if (found === undefined)
        throw invalid(`Template format error: Unresolved resource dependencies [${name}]`);
      return found;
    };
    const scope: Scope = {
      ref: (name) =>
        name === "AWS::NoValue" ? undefined : (valueOf(name) ?? pseudo[name] ?? madeOf(name).id),
      attribute: (resource, name) => {
        const value = madeOf(resource).attributes?.[name];
        if (value === undefined)
          throw invalid(`The local Fargate has no attribute ${name} of '${resource}'.`);
        return value;
      },
      isMet: (name) => {
        const found = template.Conditions?.[name];
        if (found === undefined) throw invalid(`Template format error: Unresolved condition ${name}`);
        return resolve(found, scope) === true;
      },
    };
    return scope;
  };
  const nothing = scopeOf(new Map());
  const isMet = (condition: string | undefined): boolean =>
    condition === undefined || nothing.isMet(condition);
  const wanted = Object.entries(template.Resources).filter(([, { Condition }]) => isMet(Condition));
  for (const [name, { Type, Properties = {} }] of wanted) {
    const type = Object.hasOwn(types, Type) ? types[Type] : undefined;
    if (type === undefined) throw invalid(`The local Fargate can't make an ${Type} (resource '${name}').`);
    requireKnown(Properties, type.properties, `${Type} (resource '${name}')`);
  }
  return {
    parameters,
    outputs: template.Outputs ?? {},
    resources: inOrder(new Map(wanted)),
    resolve: (value, made) => resolve(value, scopeOf(made)) ?? null,
    isMet: isMet,
  };
}

/** The values of all parameters. Throws CloudFormation's refusal of a value that is missing, unknown or not allowed. */
function parameterValues(
  parameters: Readonly<Record<string, Parameter>>,
  given: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  const strangers = Object.keys(given).filter((name) => !Object.hasOwn(parameters, name));
  if (strangers.length > 0)
    throw invalid(`Parameters: [${strangers.join(", ")}] do not exist in the template`);
  const values = Object.entries(parameters).map(([name, parameter]) => {
    const value = given[name] ?? parameter.Default;
    return [name, parameter, value === undefined ? undefined : String(value)] as const;
  });
  const missing = values.filter(([, , value]) => value === undefined).map(([name]) => name);
  if (missing.length > 0) throw invalid(`Parameters: [${missing.join(", ")}] must have values`);
  return Object.fromEntries(
    values.map(([name, { AllowedPattern, AllowedValues, ConstraintDescription }, value = ""]) => {
      if (AllowedPattern !== undefined && !new RegExp(`^(?:${AllowedPattern})$`).test(value)) {
        const constraint = ConstraintDescription ?? `must match pattern ${AllowedPattern}`;
        throw invalid(`Parameter ${name} failed to satisfy constraint: ${constraint}`);
      }
      if (AllowedValues !== undefined && !AllowedValues.map(String).includes(value))
        throw invalid(`Parameter '${name}' must be one of AllowedValues`);
      return [name, value];
    }),
  );
}

function inOrder(resources: ReadonlyMap<string, Resource>): Plan["resources"] {
  const ordered = new Map<string, Resource>();
  const visit = (name: string, path: readonly string[]): void => {
    const resource = resources.get(name);
    if (resource === undefined || ordered.has(name)) return;
    if (path.includes(name))
      throw invalid(`Circular dependency between resources: [${path.slice(path.indexOf(name)).join(", ")}]`);
    const { Properties = {}, DependsOn = [] } = resource;
    for (const needed of [...namesIn(Properties), ...[DependsOn].flat()]) visit(needed, [...path, name]);
    ordered.set(name, resource);
  };
  for (const name of resources.keys()) visit(name, []);
  return [...ordered];
}
