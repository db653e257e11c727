import { type IamCaller, type GuardedResource, refusal } from "../../../local/iam/decide.ts";
import { policyOf } from "../../../local/iam/policy-files.ts";
import { type Policy, type PrincipalElement, readPolicy, type Statement } from "../../../local/iam/policy.ts";

const OURS = "123456789012";
const THEIRS = "210987654321";
const object = "arn:aws:s3:::staging/fargate-exec/x";

const policy = (...Statement: readonly Partial<Statement>[]): Policy =>
  readPolicy({ Version: "2012-10-17", Statement });
const allow = (more: Partial<Statement> = {}): Partial<Statement> => ({
  ...{ Effect: "Allow", Action: "s3:GetObject", Resource: "arn:aws:s3:::staging/*" },
  ...more,
});
const deny = (more: Partial<Statement> = {}): Partial<Statement> => allow({ Effect: "Deny", ...more });

const role = (account: string, ...statements: readonly Partial<Statement>[]): IamCaller => ({
  arn: `arn:aws:sts::${account}:assumed-role/ci/run`,
  roleArn: `arn:aws:iam::${account}:role/ci`,
  account,
  policies: statements.length === 0 ? [] : [policy(...statements)],
});
const bucket = (...statements: readonly Partial<Statement>[]): GuardedResource => ({
  account: OURS,
  ...(statements.length > 0 && { policy: policy(...statements) }),
});
const ci = (account: string): PrincipalElement => ({ AWS: `arn:aws:iam::${account}:role/ci` });
const root = (account: string): PrincipalElement => ({ AWS: `arn:aws:iam::${account}:root` });

const IDENTITY = "because no identity-based policy allows the";
const RESOURCE = "because no resource-based policy allows the";
const IDENTITY_DENY = "with an explicit deny in an identity-based policy";
const RESOURCE_DENY = "with an explicit deny in a resource-based policy";

it.each<[string, IamCaller | undefined, GuardedResource, string | undefined]>([
  ["no policy", role(OURS), bucket(), IDENTITY],
  ["the identity is allowed", role(OURS, allow()), bucket(), undefined],
  ["an action by wildcard, in any case", role(OURS, allow({ Action: "S3:get*" })), bucket(), undefined],
  ["another action", role(OURS, allow({ Action: "s3:GetObjectVersion" })), bucket(), IDENTITY],
  ["another resource", role(OURS, allow({ Resource: "arn:aws:s3:::other/*" })), bucket(), IDENTITY],
  [
    "a resource in another case",
    role(OURS, allow({ Resource: "arn:aws:s3:::Staging/*" })),
    bucket(),
    IDENTITY,
  ],
  [
    "all but one action",
    role(OURS, { Effect: "Allow", NotAction: "s3:PutObject", Resource: "*" }),
    bucket(),
    undefined,
  ],
  [
    "all but this resource",
    role(OURS, { Effect: "Allow", Action: "*", NotResource: "arn:aws:s3:::staging/*" }),
    bucket(),
    IDENTITY,
  ],
  [
    "all but this resource and another one",
    role(OURS, {
      Effect: "Allow",
      Action: "*",
      NotResource: ["arn:aws:s3:::staging/*", "arn:aws:s3:::other/*"],
    }),
    bucket(),
    IDENTITY,
  ],
  [
    "this resource and another one",
    role(OURS, allow({ Resource: ["arn:aws:s3:::other/*", object] })),
    bucket(),
    undefined,
  ],
  ["a deny beside the allow", role(OURS, allow(), deny()), bucket(), IDENTITY_DENY],
  [
    "a deny whose condition doesn't hold",
    role(OURS, allow(), deny({ Condition: { Null: { k: "false" } } })),
    bucket(),
    undefined,
  ],
  ["only the bucket allows, same account", role(OURS), bucket(allow({ Principal: ci(OURS) })), undefined],
  ["the bucket allows every principal", role(OURS), bucket(allow({ Principal: "*" })), undefined],
  [
    "the bucket names the session",
    role(OURS),
    bucket(allow({ Principal: { AWS: [role(OURS).arn] } })),
    undefined,
  ],
  ["the bucket names another", role(OURS), bucket(allow({ Principal: ci(THEIRS) })), IDENTITY],
  ["the bucket leaves it to the account", role(OURS), bucket(allow({ Principal: root(OURS) })), IDENTITY],
  ["the bucket denies", role(OURS, allow()), bucket(deny({ Principal: "*" })), RESOURCE_DENY],
  [
    "the bucket denies the account",
    role(OURS, allow()),
    bucket(deny({ Principal: root(OURS) })),
    RESOURCE_DENY,
  ],
  [
    "the bucket denies all but the role",
    role(OURS, allow()),
    bucket(deny({ NotPrincipal: ci(OURS) })),
    undefined,
  ],
  [
    "the bucket denies all but another",
    role(OURS, allow()),
    bucket(deny({ NotPrincipal: ci(THEIRS) })),
    RESOURCE_DENY,
  ],
  ["another account, identity only", role(THEIRS, allow()), bucket(), RESOURCE],
  ["another account, bucket only", role(THEIRS), bucket(allow({ Principal: ci(THEIRS) })), IDENTITY],
  ["another account, both", role(THEIRS, allow()), bucket(allow({ Principal: ci(THEIRS) })), undefined],
  [
    "another account as a whole",
    role(THEIRS, allow()),
    bucket(allow({ Principal: root(THEIRS) })),
    undefined,
  ],
  ["anonymous, and the bucket has no policy", undefined, bucket(), RESOURCE],
  ["anonymous, and the bucket allows a role", undefined, bucket(allow({ Principal: ci(OURS) })), RESOURCE],
  [
    "anonymous, and the bucket allows every principal",
    undefined,
    bucket(allow({ Principal: "*" })),
    undefined,
  ],
])("%s", (_name, caller, guarded, why) => {
  expect(refusal({ action: "s3:GetObject", resource: object, context: {} }, caller, guarded)).toBe(why);
});

it.each<[string, object, RegExp]>([
  ["an old version", { Version: "2008-10-17", Statement: [] }, /Version/],
  [
    "an unknown element",
    { Version: "2012-10-17", Statement: [allow({ Actions: "x" } as object)] },
    /'Actions'/,
  ],
  ["no action", { Version: "2012-10-17", Statement: { Effect: "Allow", Resource: "*" } }, /Action/],
  [
    "an unknown operator",
    { Version: "2012-10-17", Statement: [allow({ Condition: { IpAddress: { k: "a" } } })] },
    /IpAddress/,
  ],
  [
    "a policy variable",
    { Version: "2012-10-17", Statement: [allow({ Resource: "arn:aws:s3:::${aws:username}" })] },
    /variables/,
  ],
])("a policy with %s is refused", (_name, json, why) => {
  expect(() => readPolicy(json)).toThrow(why);
});

it.each([
  ["the script of a run", "run-1/payload", true],
  ["the queue of a container", "claims/0123456789abcdef/app.json", false],
  ["a lock", "locks/shop.json", false],
  ["the output of a job", "output/0a0b/0", false],
  ["what a reader tells a job", "output/0a0b/control", false],
])("docs/iam/task-role-bucket.json lets a container read %s: %s, %s", (_, name, mayRead) => {
  const policies = [policyOf("task-role-bucket", { bucket: "staging", prefix: "fargate-exec/" })];
  const asked = { resource: `arn:aws:s3:::staging/fargate-exec/${name}`, context: {} };
  const isRefused = (action: string): boolean =>
    refusal({ action, ...asked }, { ...role(OURS), policies }, bucket()) !== undefined;
  expect([isRefused("s3:GetObject"), isRefused("s3:PutObject")]).toEqual([!mayRead, true]);
});
