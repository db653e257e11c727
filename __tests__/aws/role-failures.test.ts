import { isRefusal, roleNotAssumed } from "../../src/aws/role-failures.ts";

const arn = "arn:aws-cn:iam::123456789012:role/ci/deploy";
const setting = "'role-to-assume'";

function tokenOf(claims: object): string {
  return `e30.${Buffer.from(JSON.stringify(claims)).toString("base64url")}.the-signature`;
}

function refusal(name: string, message: string): Error {
  return Object.assign(new Error(message), { name });
}

const token = tokenOf({
  iss: "https://token.actions.githubusercontent.com",
  sub: "repo:example-org/shop:ref:refs/heads/main",
  aud: "sts.amazonaws.com",
});

describe("a role that can't be assumed", () => {
  it("is named with the claims of the token, and the token itself is not shown", () => {
    const cause = refusal("AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity");
    const { code, failed, seen, advice, message } = roleNotAssumed({ arn, setting, token }, cause);
    expect(code).toBe("role-not-assumed");
    expect(failed).toContain(arn);
    expect(seen).toContain("Not authorized");
    expect(seen).toContain("sub 'repo:example-org/shop:ref:refs/heads/main' and the aud 'sts.amazonaws.com'");
    // The provider is in the partition and the account of the role.
    expect(advice).toContain(
      "arn:aws-cn:iam::123456789012:oidc-provider/token.actions.githubusercontent.com",
    );
    for (const part of token.split(".")) expect(message).not.toContain(part);
  });

  it.each([
    [
      "InvalidIdentityTokenException",
      "No OpenIDConnect provider found in your account for x",
      "create-open-id-connect-provider",
    ],
    ["InvalidIdentityTokenException", "Incorrect token audience", "client ids"],
    ["AccessDenied", "Not authorized", "trust policy"],
    ["ValidationError", "1 validation error detected", "STS's own words"],
  ])("has its own advice for %s: %s", (name, message, advice) => {
    const error = refusal(name, message);
    expect(isRefusal(error)).toBe(true);
    expect(roleNotAssumed({ arn, setting, token }, error).advice).toContain(advice);
  });

  it.each(["null", "7", "[]", "{", ""])("is named, too, with a token whose claims are %j", (claims) => {
    const odd = `e30.${Buffer.from(claims).toString("base64url")}.the-signature`;
    const cause = refusal("AccessDenied", "Not authorized");
    expect(roleNotAssumed({ arn, setting, token: odd }, cause).code).toBe("role-not-assumed");
  });

  it.each(["TimeoutError", "ThrottlingException", "IDPCommunicationError", "ServiceUnavailable"])(
    "is not meant by %s",
    (name) => {
      expect(isRefusal(refusal(name, "x"))).toBe(false);
    },
  );

  it("shows a branch of any name on one line", () => {
    const sub = "repo:example-org/shop:ref:refs/heads/x\n::error::y\u2028";
    const { seen } = roleNotAssumed({ arn, setting, token: tokenOf({ sub }) }, refusal("AccessDenied", "no"));
    expect(seen).toContain("sub 'repo:example-org/shop:ref:refs/heads/x?::error::y?'");
  });

  it("is made possible by a command that can be pasted, whatever the claims", () => {
    const odd = tokenOf({ iss: "https://id.example.com/$(x)'y", aud: "a b;'c" });
    const cause = refusal("InvalidIdentityToken", "No OpenIDConnect provider found in your account for x");
    expect(roleNotAssumed({ arn, setting, token: odd }, cause).advice).toContain(
      "aws iam create-open-id-connect-provider --url 'https://id.example.com/$(x)?y' --client-id-list 'a?b;?c'",
    );
  });

  it("is told in STS's words with the number by which AWS finds the call, in lines of their own", () => {
    const cause = Object.assign(refusal("AccessDenied", "Not authorized"), {
      $metadata: { httpStatusCode: 403, requestId: "6a5b" },
    });
    expect(roleNotAssumed({ arn, setting, token }, cause).seen.split("\n")).toEqual([
      "AccessDenied: Not authorized (HTTP 403, request id 6a5b)",
      expect.stringMatching(/^The ID token has the sub /),
    ]);
  });

  it("has the first of the audiences that Kubernetes lists", () => {
    const listed = tokenOf({ sub: "system:serviceaccount:ci:runner", aud: ["sts.amazonaws.com"] });
    const { seen } = roleNotAssumed({ arn, setting, token: listed }, refusal("AccessDenied", "no"));
    expect(seen).toContain("the aud 'sts.amazonaws.com'");
  });

  it("is reported even when the text is no token", () => {
    expect(roleNotAssumed({ arn, setting, token: "nonsense" }, refusal("AccessDenied", "no")).seen).toContain(
      "sub 'none'",
    );
  });
});
