import { AwsError } from "../aws-error.ts";
import { isConditionMet, isOperator, type Conditions, type Context } from "./conditions.ts";
import { isMatch } from "./wildcards.ts";

type OneOrMore = string | readonly string[];

/** A statement of a policy's JSON. */
export interface Statement {
  readonly Sid?: string;
  readonly Effect: "Allow" | "Deny";
  readonly Action?: OneOrMore;
  readonly NotAction?: OneOrMore;
  readonly Resource?: OneOrMore;
  readonly NotResource?: OneOrMore;
  /** In bucket policies only. */
  readonly Principal?: PrincipalElement;
  readonly NotPrincipal?: PrincipalElement;
  readonly Condition?: Conditions;
}

export type PrincipalElement = "*" | { readonly AWS: OneOrMore };

export interface Policy {
  readonly Version: "2012-10-17";
  readonly Statement: Statement | readonly Statement[];
}

/** An access that policies allow or deny. */
export interface Access {
  /** Such as `ecs:RunTask`. */
  readonly action: string;
  /** An ARN, or `*`. */
  readonly resource: string;
  readonly context: Context;
}

const ELEMENTS = new Set<string>([
  ...["Sid", "Effect", "Action", "NotAction", "Resource", "NotResource"],
  ...["Principal", "NotPrincipal", "Condition"],
]);

export function statementsOf({ Statement }: Policy): readonly Statement[] {
  return Array.isArray(Statement) ? (Statement as readonly Statement[]) : [Statement as Statement];
}

/** Parses a policy. Throws for a policy that IAM would refuse, or that this evaluator doesn't know. */
export function readPolicy(json: unknown): Policy {
  const policy = json as Policy;
  if ((policy.Version as string) !== "2012-10-17") throw new Error("the policy's Version must be 2012-10-17");
  for (const statement of statementsOf(policy)) {
    const stranger = Object.keys(statement).find((name) => !ELEMENTS.has(name));
    if (stranger !== undefined) throw new Error(`a policy's statement has no element '${stranger}'`);
    if (!["Allow", "Deny"].includes(statement.Effect)) throw new Error("Effect must be Allow or Deny");
    if ((statement.Action === undefined) === (statement.NotAction === undefined))
      throw new Error("a statement needs Action or NotAction");
    if ((statement.Resource === undefined) === (statement.NotResource === undefined))
      throw new Error("a statement needs Resource or NotResource");
    const unknown = Object.keys(statement.Condition ?? {}).find((operator) => !isOperator(operator));
    if (unknown !== undefined) throw new Error(`the condition operator '${unknown}' is not known here`);
    if (JSON.stringify(statement).includes("${")) throw new Error("policy variables are not known here");
  }
  return policy;
}

/** Whether a statement covers this access. The statement's principal is not looked at. */
export function isApplicable(statement: Statement, { action, resource, context }: Access): boolean {
  const { Action, NotAction, Resource, NotResource, Condition = {} } = statement;
  const ofAction =
    NotAction === undefined
      ? list(Action).some((pattern) => isMatch(pattern.toLowerCase(), action.toLowerCase()))
      : !list(NotAction).some((pattern) => isMatch(pattern.toLowerCase(), action.toLowerCase()));
  const ofResource =
    NotResource === undefined
      ? list(Resource).some((pattern) => isMatch(pattern, resource))
      : !list(NotResource).some((pattern) => isMatch(pattern, resource));
  return ofAction && ofResource && isConditionMet(Condition, context);
}

export function list(value: OneOrMore | undefined): readonly string[] {
  return value === undefined ? [] : typeof value === "string" ? [value] : value;
}

/** The policy in a call of IAM. Throws IAM's error for a text that is none. */
export function policyIn(document: string): Policy {
  try {
    return readPolicy(JSON.parse(document));
  } catch (error) {
    throw new AwsError("MalformedPolicyDocument", error instanceof Error ? error.message : String(error));
  }
}
