import { AwsError } from "../aws-error.ts";
import type { Guard } from "./guard.ts";
import type { Principals } from "./principals.ts";

interface SimulateOptions {
  readonly guard: Guard;
  readonly principals: Principals;
  readonly isRole: (name: string) => Promise<boolean>;
}

/** IAM's SimulatePrincipalPolicy for a role: evaluates its policies for some actions on some resources. */
export async function simulate(
  parameters: URLSearchParams,
  { guard, principals, isRole }: SimulateOptions,
): Promise<string> {
  const role = parameters.get("PolicySourceArn") ?? "";
  if (!/^arn:[^:]+:iam::\d+:role\//.test(role))
    throw new AwsError("InvalidInput", "The local Fargate simulates the policies of roles only.");
  const name = role.split("/").at(-1) ?? "";
  if (!(await isRole(name)))
    throw new AwsError("NoSuchEntity", `The role with name ${name} cannot be found.`, 404);
  const resources = members(parameters, "ResourceArns");
  const results: string[] = [];
  for (const action of members(parameters, "ActionNames"))
    for (const resource of resources.length === 0 ? ["*"] : resources) {
      const why = await guard.refusal(principals.session(role, "simulated"), { action, resource });
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
