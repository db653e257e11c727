import { fromWebToken } from "@aws-sdk/credential-provider-web-identity";
import { DescribeClustersCommand, ECSClient } from "@aws-sdk/client-ecs";
import { ListObjectsV2Command, S3Client } from "@aws-sdk/client-s3";
import { jest } from "@jest/globals";
import { clientConfig, startWorld, type World } from "./with-local.ts";

let world: World;

beforeAll(async () => {
  world = await startWorld({ roleSessionSeconds: 900 });
});
afterAll(() => world.local.stop());

type Keys = Awaited<ReturnType<ReturnType<typeof fromWebToken>>>;

/** Calls AssumeRoleWithWebIdentity with the SDK. */
async function assume(
  webIdentityToken: string,
  roleArn = world.made.deployRole,
  durationSeconds?: number,
): Promise<Keys> {
  const { endpoint, region } = clientConfig(world.local);
  return await fromWebToken({
    ...{ roleArn, webIdentityToken, roleSessionName: "a-session" },
    ...(durationSeconds !== undefined && { durationSeconds }),
    clientConfig: { endpoint, region, maxAttempts: 1 },
  })();
}

async function idToken(audience: string, bearer?: string): Promise<Response> {
  const { ACTIONS_ID_TOKEN_REQUEST_URL: url = "", ACTIONS_ID_TOKEN_REQUEST_TOKEN: token = "" } =
    world.local.idTokenEnv;
  return await fetch(`${url}&audience=${audience}`, {
    headers: { authorization: `Bearer ${bearer ?? token}` },
  });
}

describe("GitHub's endpoint for ID tokens", () => {
  it("issues a token for the audience to a job with the permission", async () => {
    const { value } = (await (await idToken("sts.amazonaws.com")).json()) as { value: string };
    expect(world.local.idTokens.claimsOf(value)).toMatchObject({
      aud: "sts.amazonaws.com",
      sub: "repo:example-org/shop:ref:refs/heads/main",
    });
  });

  it("refuses any other job", async () => {
    expect((await idToken("sts.amazonaws.com", "something else")).status).toBe(401);
  });
});

describe("AssumeRoleWithWebIdentity", () => {
  it("issues keys of the role that are valid until their expiration", async () => {
    const keys = await assume(world.local.idTokens.issue());
    expect(keys.accessKeyId).toMatch(/^ASIA/);
    expect((keys.expiration?.getTime() ?? 0) - Date.now()).toBeLessThanOrEqual(900_000);
  });

  it.each([1e300, -1, 1.5])("refuses keys for %d seconds", async (seconds) => {
    const keys = assume(world.local.idTokens.issue(), world.made.deployRole, seconds);
    await expect(keys).rejects.toMatchObject({ name: "ValidationError" });
  });

  it.each([
    [
      "another signature",
      () => `${world.local.idTokens.issue().slice(0, -8)}AAAAAAAA`,
      "InvalidIdentityTokenException",
    ],
    ["no JWT", () => "hello", "InvalidIdentityTokenException"],
    [
      "another audience",
      () => world.local.idTokens.issue({ aud: "example.org" }),
      "InvalidIdentityTokenException",
    ],
    ["an expired time", () => world.local.idTokens.issue({ exp: 1 }), "ExpiredTokenException"],
    ["another repository", () => world.local.idTokens.issue({ sub: "repo:evil/shop:x" }), "AccessDenied"],
  ])("refuses a token with %s", async (_, token, name) => {
    await expect(assume(token())).rejects.toMatchObject({ name });
  });

  it.each(["role/nothing", "role/other/demo-deploy"])("refuses %s, which does not exist", async (role) => {
    const arn = `arn:aws:iam::123456789012:${role}`;
    await expect(assume(world.local.idTokens.issue(), arn)).rejects.toMatchObject({
      name: "AccessDenied",
      message: "Not authorized to perform sts:AssumeRoleWithWebIdentity",
    });
  });
});

it("each service refuses expired keys in its own words", async () => {
  const credentials = await assume(world.local.idTokens.issue());
  const config = { ...clientConfig(world.local), credentials };
  const [ecs, s3] = [new ECSClient(config), new S3Client({ ...config, forcePathStyle: true })];
  const calls = () => [
    ecs.send(new DescribeClustersCommand({})),
    s3.send(new ListObjectsV2Command({ Bucket: world.made.bucket })),
  ];
  await Promise.all(calls());
  const clock = jest.spyOn(Date, "now").mockReturnValue(credentials.expiration?.getTime() ?? 0);
  // Static keys, so that the clients ask for no new ones.
  const [json, xml] = await Promise.all(calls().map((call) => call.catch((error: unknown) => error)));
  clock.mockRestore();
  expect(json).toMatchObject({
    name: "ExpiredTokenException",
    message: "The security token included in the request is expired",
  });
  expect(xml).toMatchObject({ name: "ExpiredToken", message: "The provided token has expired." });
});

it("a temporary key without its session's token is refused", async () => {
  const { accessKeyId, secretAccessKey } = await assume(world.local.idTokens.issue());
  const credentials = { accessKeyId, secretAccessKey };
  const ecs = new ECSClient({ ...clientConfig(world.local), credentials });
  await expect(ecs.send(new DescribeClustersCommand({}))).rejects.toMatchObject({
    name: "UnrecognizedClientException",
  });
});
