import { AwsError } from "../aws-error.ts";
import type { Context } from "./conditions.ts";
import type { Guard } from "./guard.ts";
import type { Principals } from "./principals.ts";

interface SimulateOptions {
  readonly guard: Guard;
  readonly principals: Principals;
  readonly isRole: (name: string) => Promise<boolean>;
}

/**
 * IAM's SimulatePrincipalPolicy: evaluates the policies of a role or user for some actions on some resources. It ignores the
 * resources' own policies.
 */
export async function simulate(
  parameters: URLSearchParams,
  { guard, principals, isRole }: SimulateOptions,
): Promise<string> {
  const arn = parameters.get("PolicySourceArn") ?? "";
  const [, role] = /^arn:[^:]+:iam::\d+:role\/(?:.*\/)?([^/]+)$/.exec(arn) ?? [];
  if (role !== undefined && !(await isRole(role)))
    throw new AwsError("NoSuchEntity", `The role with name ${role} cannot be found.`, 404);
  const asker = principals.byArn(arn);
  if (asker === undefined) throw new AwsError("NoSuchEntity", `The user ${arn} cannot be found.`, 404);
  const resources = members(parameters, "ResourceArns");
  const context = contextOf(parameters);
  const results: string[] = [];
  for (const action of members(parameters, "ActionNames"))
    for (const resource of resources.length === 0 ? ["*"] : resources) {
      const why = await guard.identityRefusal(asker, { action, resource, context });
      const decision =
        why === undefined ? "allowed" : why.startsWith("with") ? "explicitDeny" : "implicitDeny";
      results.push(
        `<member><EvalActionName>${action}</EvalActionName><EvalResourceName>${resource}</EvalResourceName><EvalDecision>${decision}</EvalDecision></member>`,
      );
    }
  return `<SimulatePrincipalPolicyResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><SimulatePrincipalPolicyResult><IsTruncated>false</IsTruncated><EvaluationResults>${results.join("")}</EvaluationResults></SimulatePrincipalPolicyResult></SimulatePrincipalPolicyResponse>`;
}

function members(parameters: URLSearchParams, list: string): readonly string[] {
  return [...parameters].filter(([name]) => name.startsWith(`${list}.member.`)).map(([, value]) => value);
}

/** The condition keys of the simulated request, each with its first value. */
function contextOf(parameters: URLSearchParams): Context {
  const entries = [...parameters].flatMap(([name, key]) => {
    const [, entry] = /^(ContextEntries\.member\.\d+)\.ContextKeyName$/.exec(name) ?? [];
    return entry === undefined
      ? []
      : [[key, parameters.get(`${entry}.ContextKeyValues.member.1`) ?? ""] as const];
  });
  return Object.fromEntries(entries);
}
