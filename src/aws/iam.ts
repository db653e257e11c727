import { type Query, textsOf } from "./query.ts";

/** The one call of IAM. */
export interface Iam {
  /** Those of `actions` that the policies of a role do not allow on `resource`, by IAM's policy simulator. */
  denied(roleArn: string, actions: readonly string[], resource: string): Promise<readonly string[]>;
}

export function iamCalls(query: Query): Iam {
  return {
    async denied(roleArn, actions, resource) {
      const names = Object.fromEntries(actions.map((action, i) => [`ActionNames.member.${i + 1}`, action]));
      const xml = await query("iam", "SimulatePrincipalPolicy", `role '${roleArn}'`, {
        PolicySourceArn: roleArn,
        "ResourceArns.member.1": resource,
        ...names,
      });
      const decisions = textsOf(xml, "EvalDecision");
      return textsOf(xml, "EvalActionName").filter((_, i) => decisions[i] !== "allowed");
    },
  };
}
