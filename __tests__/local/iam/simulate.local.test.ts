import { callQueryApi, textsOf } from "../../../local/query-api.ts";
import { startWorld, type World } from "../with-local.ts";

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.local.stop());

const roleArn = (name: string): string => `arn:aws:iam::${world.local.accountId}:role/${name}`;

async function decisions(role: string, ...actions: readonly string[]): Promise<readonly string[]> {
  const names = Object.fromEntries(actions.map((name, i) => [`ActionNames.member.${i + 1}`, name]));
  const call = { Action: "SimulatePrincipalPolicy", Version: "2010-05-08", PolicySourceArn: role, ...names };
  return textsOf(await callQueryApi(world.local.asAdmin, "iam", call), "EvalDecision");
}

describe("SimulatePrincipalPolicy", () => {
  it("allows a role without given policies everything", async () => {
    expect(await decisions(roleArn("demo-task"), "s3:GetObject")).toEqual(["allowed"]);
  });

  it("evaluates the policies of a role", async () => {
    const Statement = [
      { Effect: "Allow", Action: "s3:*", Resource: "*" },
      { Effect: "Deny", Action: "s3:PutObject", Resource: "*" },
    ];
    world.local.iam.principals.setRole("narrow", [{ Version: "2012-10-17", Statement }]);
    expect(await decisions(roleArn("narrow"), "s3:GetObject", "s3:PutObject", "ecs:RunTask")).toEqual([
      "allowed",
      "explicitDeny",
      "implicitDeny",
    ]);
  });

  it("does not know a role that is not there", async () => {
    await expect(decisions(roleArn("missing"), "s3:GetObject")).rejects.toMatchObject({
      code: "NoSuchEntity",
      message: "The role with name missing cannot be found.",
    });
  });
});
