import type { Claims } from "./id-tokens.ts";

/** The parts of a role's trust policy that concern web identities. */
export interface TrustPolicy {
  readonly Statement: Statement | readonly Statement[];
}

interface Statement {
  readonly Effect: "Allow" | "Deny";
  readonly Principal?:
    "*" | { readonly Federated?: string | readonly string[]; readonly AWS?: string | readonly string[] };
  readonly Action: string | readonly string[];
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>;
}

/** Who calls AssumeRole. */
export interface Assumer {
  readonly arn: string;
  /** The role whose session it is. */
  readonly roleArn?: string | undefined;
  readonly account: string;
}

const ACTION = "sts:AssumeRoleWithWebIdentity";

/** Whether the policy lets a token of this provider assume the role. A Deny wins. Without an Allow it does not. */
export function isTrusted(
  policy: TrustPolicy,
  provider: { arn: string; host: string },
  claims: Claims,
): boolean {
  const matching = listOf(policy.Statement).filter(
    ({ Principal, Action, Condition = {} }) =>
      Principal !== "*" &&
      listOf(Principal?.Federated ?? []).includes(provider.arn) &&
      listOf(Action).some((action) => isMatch(action, ACTION)) &&
      Object.entries(Condition).every(([operator, keys]) =>
        Object.entries(keys).every(([key, wanted]) =>
          isMet(operator, claimOf(key, provider.host, claims), listOf(wanted)),
        ),
      ),
  );
  return (
    matching.some(({ Effect }) => Effect === "Allow") && !matching.some(({ Effect }) => Effect === "Deny")
  );
}

/**
 * Whether the policy lets a caller of this account assume the role by AssumeRole. A Deny wins. Of conditions only the external id
 * is known.
 */
export function mayAssume(policy: TrustPolicy, caller: Assumer, externalId: string | undefined): boolean {
  const names = ["*", caller.account, `arn:aws:iam::${caller.account}:root`, caller.arn, caller.roleArn];
  const matching = listOf(policy.Statement).filter(
    ({ Principal, Action, Condition = {} }) =>
      (Principal === "*" || listOf(Principal?.AWS ?? []).some((name) => names.includes(name))) &&
      listOf(Action).some((action) => isMatch(action, "sts:AssumeRole")) &&
      Object.entries(Condition).every(([operator, keys]) =>
        Object.entries(keys).every(([key, wanted]) =>
          isMet(operator, key === "sts:ExternalId" ? externalId : undefined, listOf(wanted)),
        ),
      ),
  );
  return (
    matching.some(({ Effect }) => Effect === "Allow") && !matching.some(({ Effect }) => Effect === "Deny")
  );
}

/** `token.actions.githubusercontent.com:sub` is the claim `sub`. */
function claimOf(key: string, host: string, claims: Claims): string | undefined {
  if (!key.startsWith(`${host}:`)) return undefined;
  const claim = claims[key.slice(host.length + 1)];
  return claim === undefined ? undefined : String(claim);
}

function isMet(operator: string, value: string | undefined, wanted: readonly string[]): boolean {
  const name = operator.replace(/^ForAnyValue:|^ForAllValues:/, "");
  switch (name) {
    case "StringEquals":
      return value !== undefined && wanted.includes(value);
    case "StringLike":
      return value !== undefined && wanted.some((pattern) => isMatch(pattern, value));
    case "StringNotEquals":
      return value === undefined || !wanted.includes(value);
    default:
      throw new Error(`The local Fargate has no condition operator '${operator}' in trust policies.`);
  }
}

/** Whether a text matches a pattern: `*` matches any text, `?` one character. */
function isMatch(pattern: string, text: string): boolean {
  const source = pattern
    .replace(/[.+^${}()|[\]\\]/g, "\\$&")
    .replaceAll("*", ".*")
    .replaceAll("?", ".");
  return new RegExp(`^${source}$`, "s").test(text);
}

function listOf<T>(value: T | readonly T[]): readonly T[] {
  return Array.isArray(value) ? (value as readonly T[]) : [value as T];
}
