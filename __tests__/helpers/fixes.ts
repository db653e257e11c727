import { isApplicable, type Access, type Policy, statementsOf } from "../../local/iam/policy.ts";
import { wordsFor } from "../../src/errors.ts";
import type { Check } from "../../src/ready/checks/check.ts";

/** The policy of a user who does what the fixes of missing rights say, to the letter. */
export function policyByFixes(checks: readonly Check[]): Policy {
  return policyBySayings(
    checks.flatMap((row) => (row.verdict === "NG" ? [wordsFor("workflow", row.fix)] : [])),
  );
}

/** The same for texts such as "Allow s3:GetObject on arn:… in the policies of …". Texts without a right are left out. */
export function policyBySayings(sayings: readonly string[]): Policy {
  const Statement = sayings.flatMap((text) => {
    const [, actions, resources] = /\bAllow '?(\w[\w:, ]*?)'? on (.+?) in the polic/.exec(text) ?? [];
    if (actions === undefined || resources === undefined) return [];
    return [{ Effect: "Allow" as const, Action: actions.split(", "), Resource: resources.split(" and ") }];
  });
  return { Version: "2012-10-17", Statement };
}

/** An access without conditions. */
export function access(action: string, resource: string): Access {
  return { action, resource, context: {} };
}

export function allows(policy: Policy, wanted: Access): boolean {
  return statementsOf(policy).some((statement) => isApplicable(statement, wanted));
}
