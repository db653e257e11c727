import { Failure } from "../errors.ts";
import type { Query } from "./query.ts";
import { requireMember } from "./required-member.ts";
import { elementsOf, textOf, textsOf } from "./xml.ts";

/** Our calls of IAM and STS. */
export interface Iam {
  /**
   * Those of `actions` that the policies of a role or user do not allow on all of `resources`, by IAM's policy
   * simulator. Fails when the simulator can't decide: it denies an action, and the policies have a condition on a key
   * that `context` lacks.
   */
  listDenied(
    principalArn: string,
    actions: readonly string[],
    resources: readonly string[],
    context?: Readonly<Record<string, string>>,
  ): Promise<readonly string[]>;
  /** ARN of the caller: a user, or the session of a role. Any caller may ask for it. */
  identifyCaller(): Promise<string>;
}

/** Whether a call of `denied` failed because there is no role or user with this ARN. */
export function isMissingPrincipal({ cause }: Failure): boolean {
  return cause instanceof Error && cause.name === "NoSuchEntity";
}

export function iamCalls(query: Query): Iam {
  return {
    async listDenied(principalArn, actions, resources, context = {}) {
      const answer = await query("iam", "SimulatePrincipalPolicy", `'${principalArn}'`, {
        PolicySourceArn: principalArn,
        ...members("ResourceArns", resources),
        ...members("ActionNames", actions),
        ...contextEntries(context),
      });
      const denied = elementsOf(answer, "member")
        .filter((result) => textOf(result, "EvalDecision") !== "allowed")
        .flatMap((result) => textOf(result, "EvalActionName") ?? []);
      const unknown = elementsOf(answer, "MissingContextValues").flatMap((keys) => textsOf(keys, "member"));
      if (denied.length > 0 && unknown.length > 0) throw undecidedFailure(principalArn, unknown);
      return [...new Set(denied)];
    },

    async identifyCaller() {
      const [arn] = textsOf(await query("sts", "GetCallerIdentity", "the credentials", {}), "Arn");
      return requireMember(arn, "Arn");
    },
  };
}

function members(list: string, values: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(values.map((value, i) => [`${list}.member.${i + 1}`, value]));
}

function contextEntries(context: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const entries = Object.entries(context).flatMap(([key, value], i) => {
    const entry = `ContextEntries.member.${i + 1}`;
    return [
      [`${entry}.ContextKeyName`, key],
      [`${entry}.ContextKeyType`, "string"],
      [`${entry}.ContextKeyValues.member.1`, value],
    ];
  });
  return Object.fromEntries(entries) as Record<string, string>;
}

function undecidedFailure(principalArn: string, keys: readonly string[]): Failure {
  return new Failure("aws-error", {
    failed: `IAM's simulator can't say what the policies of ${principalArn} allow.`,
    seen: `They have conditions on ${[...new Set(keys)].join(", ")}, whose values only a real call has.`,
    advice: "Compare the policies with docs/iam.",
  });
}
