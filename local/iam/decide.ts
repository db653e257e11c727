import {
  isApplicable,
  list,
  statementsOf,
  type Access,
  type Policy,
  type PrincipalElement,
} from "./policy.ts";

/** A caller with a key. An anonymous caller, without a signature, is undefined. */
export interface IamCaller {
  /** The ARN that messages name: of a user, or of an assumed role's session. */
  readonly arn: string;
  /** The ARN of the role, if the caller is a session of one. */
  readonly roleArn?: string | undefined;
  readonly account: string;
  readonly policies: readonly Policy[];
}

/** The resource of an access. */
export interface GuardedResource {
  /** The account that the resource belongs to. */
  readonly account: string;
  /** The resource's own policy, such as a bucket's. */
  readonly policy?: Policy | undefined;
}

/** The reason of a refusal, in AWS's own words; undefined for an allowed access. */
export type Refusal =
  | "with an explicit deny in an identity-based policy"
  | "with an explicit deny in a resource-based policy"
  | "because no identity-based policy allows the"
  | "because no resource-based policy allows the";

/** The reason as AWS's messages word it. */
export function refusalClause(refusal: Refusal, action: string): string {
  return refusal.startsWith("because") ? `${refusal} ${action} action` : refusal;
}

type StatementEffect = "Deny" | "Allow" | "nothing";

/**
 * Evaluates one access as IAM does. An explicit deny wins. In the same account, one allowing policy is enough: the caller's or the
 * resource's. Across accounts both must allow it.
 */
export function refusal(
  access: Access,
  caller: IamCaller | undefined,
  guarded: GuardedResource,
): Refusal | undefined {
  const identity = effectOf(caller?.policies ?? [], access, () => true);
  const within = caller?.account === guarded.account;
  const own = guarded.policy === undefined ? [] : [guarded.policy];
  const resource = effectOf(own, access, ({ Principal, NotPrincipal, Effect }) => {
    // A statement that allows a whole account leaves the decision to that account's own policies.
    const direct = { caller, account: Effect === "Deny" || !within };
    if (NotPrincipal !== undefined) return !isNamed(NotPrincipal, { ...direct, account: true });
    return Principal !== undefined && isNamed(Principal, direct);
  });
  if (identity === "Deny") return "with an explicit deny in an identity-based policy";
  if (resource === "Deny") return "with an explicit deny in a resource-based policy";
  if (caller === undefined) {
    return resource === "Allow" ? undefined : "because no resource-based policy allows the";
  }
  if (within) {
    const allowed = identity === "Allow" || resource === "Allow";
    return allowed ? undefined : "because no identity-based policy allows the";
  }
  if (identity !== "Allow") return "because no identity-based policy allows the";
  return resource === "Allow" ? undefined : "because no resource-based policy allows the";
}

function effectOf(
  policies: readonly Policy[],
  access: Access,
  concerns: (statement: ReturnType<typeof statementsOf>[number]) => boolean,
): StatementEffect {
  const effects = policies
    .flatMap(statementsOf)
    .filter((statement) => concerns(statement) && isApplicable(statement, access))
    .map(({ Effect }) => Effect);
  return effects.includes("Deny") ? "Deny" : effects.includes("Allow") ? "Allow" : "nothing";
}

function isNamed(
  principal: PrincipalElement,
  { caller, account }: { readonly caller: IamCaller | undefined; readonly account: boolean },
): boolean {
  const named = principal === "*" ? ["*"] : list(principal.AWS);
  if (named.includes("*")) return true;
  if (caller === undefined) return false;
  return named.some(
    (one) =>
      one === caller.arn ||
      one === caller.roleArn ||
      (account && (one === caller.account || one === `arn:aws:iam::${caller.account}:root`)),
  );
}
