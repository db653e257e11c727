import type { Keys } from "../../../local/keys.ts";
import { callQueryApi, textsOf } from "../../../local/query-api.ts";
import { clientConfig, startWorld, type World } from "../with-local.ts";
import { ECSClient, ListClustersCommand } from "@aws-sdk/client-ecs";

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.local.stop());

type Parameters = Readonly<Record<string, string>>;

const iam = (Action: string, parameters: Parameters, keys: Keys = world.local.admin): Promise<string> =>
  callQueryApi({ ...world.local.asAdmin, keys }, "iam", { Action, Version: "2010-05-08", ...parameters });
const sts = (Action: string, parameters: Parameters, keys: Keys = world.local.admin): Promise<string> =>
  callQueryApi({ ...world.local.asAdmin, keys }, "sts", { Action, Version: "2011-06-15", ...parameters });

function keysIn(xml: string): Keys {
  const [sessionToken] = textsOf(xml, "SessionToken");
  return {
    accessKeyId: textsOf(xml, "AccessKeyId")[0] ?? "",
    secretAccessKey: textsOf(xml, "SecretAccessKey")[0] ?? "",
    ...(sessionToken !== undefined && { sessionToken }),
  };
}

async function listsClusters(credentials: Keys): Promise<string> {
  const ecs = new ECSClient({ ...clientConfig(world.local), credentials });
  return await ecs.send(new ListClustersCommand()).then(
    () => "yes",
    (error: unknown) => (error as Error).name,
  );
}

const allow = (Action: string): string =>
  JSON.stringify({ Version: "2012-10-17", Statement: [{ Effect: "Allow", Action, Resource: "*" }] });

it("keys of create-access-key work, with the user's policies, until they are deleted", async () => {
  const UserName = "ci";
  await iam("CreateUser", { UserName });
  const keys = keysIn(await iam("CreateAccessKey", { UserName }));
  expect(textsOf(await sts("GetCallerIdentity", {}, keys), "Arn")).toEqual([
    "arn:aws:iam::123456789012:user/ci",
  ]);
  expect(await listsClusters(keys)).toBe("yes");
  await iam("PutUserPolicy", { UserName, PolicyName: "one", PolicyDocument: allow("s3:ListBucket") });
  expect(await listsClusters(keys)).toBe("AccessDeniedException");
  await iam("PutUserPolicy", { UserName, PolicyName: "two", PolicyDocument: allow("ecs:ListClusters") });
  expect(await listsClusters(keys)).toBe("yes");
  await iam("UpdateAccessKey", { UserName, AccessKeyId: keys.accessKeyId, Status: "Inactive" });
  expect(await listsClusters(keys)).toBe("UnrecognizedClientException");
  await iam("UpdateAccessKey", { UserName, AccessKeyId: keys.accessKeyId, Status: "Active" });
  expect(await listsClusters(keys)).toBe("yes");
  await iam("DeleteAccessKey", { UserName, AccessKeyId: keys.accessKeyId });
  expect(await listsClusters(keys)).toBe("UnrecognizedClientException");
});

describe("assume-role", () => {
  const RoleArn = "arn:aws:iam::123456789012:role/reader";
  const assume = (more: Parameters = {}): Promise<string> =>
    sts("AssumeRole", { RoleArn, RoleSessionName: "one", ...more });

  beforeAll(async () => {
    const trust = (AWS: string, more = {}): string =>
      JSON.stringify({
        Version: "2012-10-17",
        Statement: [{ Effect: "Allow", Principal: { AWS }, Action: "sts:AssumeRole", ...more }],
      });
    const create = (RoleName: string, AssumeRolePolicyDocument: string): Promise<string> =>
      iam("CreateRole", { RoleName, Path: "/", AssumeRolePolicyDocument });
    await create("reader", trust("arn:aws:iam::123456789012:root"));
    await create("known", trust("*", { Condition: { StringEquals: { "sts:ExternalId": "word" } } }));
    await iam("PutRolePolicy", { RoleName: "reader", PolicyName: "a", PolicyDocument: allow("ecs:List*") });
  });

  it("issues keys that work, with the role's policies", async () => {
    const keys = keysIn(await assume());
    expect(await listsClusters(keys)).toBe("yes");
    expect(textsOf(await sts("GetCallerIdentity", {}, keys), "Arn")).toEqual([
      "arn:aws:sts::123456789012:assumed-role/reader/one",
    ]);
    await expect(iam("ListUsers", {}, keys)).rejects.toMatchObject({ code: "AccessDenied" });
    expect(await listsClusters({ ...keys, sessionToken: "another" })).toBe("UnrecognizedClientException");
  });

  it.each([
    ["whose policy names another principal", "demo-task", {}],
    ["that does not exist", "nothing", {}],
    ["whose external id is another", "known", { ExternalId: "other" }],
  ])("is refused for a role %s", async (_name, role, more) => {
    const call = assume({ RoleArn: `arn:aws:iam::123456789012:role/${role}`, ...more });
    await expect(call).rejects.toMatchObject({
      code: "AccessDenied",
      message: expect.stringContaining("is not authorized to perform: sts:AssumeRole on resource:") as string,
    });
  });

  it("takes the external id that a role wants", async () => {
    const arn = "arn:aws:iam::123456789012:role/known";
    expect(await listsClusters(keysIn(await assume({ RoleArn: arn, ExternalId: "word" })))).toBe("yes");
  });

  it("follows the role's policies as they are: one that is taken away no longer allows anything", async () => {
    const keys = keysIn(await assume());
    await iam("PutRolePolicy", { RoleName: "reader", PolicyName: "b", PolicyDocument: allow("s3:*") });
    await iam("DeleteRolePolicy", { RoleName: "reader", PolicyName: "a" });
    expect(await listsClusters(keys)).toBe("AccessDeniedException");
    await iam("PutRolePolicy", { RoleName: "reader", PolicyName: "a", PolicyDocument: allow("ecs:List*") });
    expect(await listsClusters(keys)).toBe("yes");
  });

  it("issues keys that end, and says that they have", async () => {
    const keys = keysIn(await assume());
    world.local.expireKeys({ AWS_ACCESS_KEY_ID: keys.accessKeyId });
    expect(await listsClusters(keys)).toBe("ExpiredTokenException");
    await expect(sts("GetCallerIdentity", {}, keys)).rejects.toMatchObject({ code: "ExpiredToken" });
  });
});

it("a call on a role's policies that fails changes none", async () => {
  const { principals } = world.local.iam;
  const of = { RoleName: "ghost", PolicyName: "p" };
  for (const [action, more] of [
    ["PutRolePolicy", { PolicyDocument: allow("s3:*") }],
    ["DeleteRolePolicy", {}],
  ] as const)
    await expect(iam(action, { ...of, ...more })).rejects.toMatchObject({ code: "NoSuchEntity" });
  expect(principals.hasRole("ghost")).toBe(false);
});

it("a role that is deleted loses its policies, and a new one of its name has none of them", async () => {
  const RoleName = "short-lived";
  const { principals } = world.local.iam;
  const AssumeRolePolicyDocument = JSON.stringify({ Version: "2012-10-17", Statement: [] });
  await iam("CreateRole", { RoleName, Path: "/", AssumeRolePolicyDocument });
  await iam("PutRolePolicy", { RoleName, PolicyName: "p", PolicyDocument: allow("s3:*") });
  expect(principals.hasRole(RoleName)).toBe(true);
  // AWS refuses to delete a role that still has policies.
  await expect(iam("DeleteRole", { RoleName })).rejects.toMatchObject({ code: "DeleteConflict" });
  expect(principals.hasRole(RoleName)).toBe(true);
  await iam("DeleteRolePolicy", { RoleName, PolicyName: "p" });
  await iam("DeleteRole", { RoleName });
  expect(principals.hasRole(RoleName)).toBe(false);
});
