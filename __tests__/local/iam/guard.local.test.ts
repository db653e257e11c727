import { once } from "node:events";
import { connect } from "node:net";
import { CreateAliasCommand, DecryptCommand, GenerateDataKeyCommand, KMSClient } from "@aws-sdk/client-kms";
import { CloudWatchLogsClient, GetLogEventsCommand } from "@aws-sdk/client-cloudwatch-logs";
import {
  DescribeClustersCommand,
  DescribeTasksCommand,
  ECSClient,
  ListTasksCommand,
  RegisterTaskDefinitionCommand,
  RunTaskCommand,
} from "@aws-sdk/client-ecs";
import {
  CopyObjectCommand,
  DeleteBucketPolicyCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutBucketPolicyCommand,
  PutObjectCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";
import { Sha256 } from "@aws-crypto/sha256-js";
import { SignatureV4 } from "@smithy/signature-v4";
import type { Statement } from "../../../local/iam/policy.ts";
import type { Keys } from "../../../local/keys.ts";
import { clientConfig, startWorld, type World } from "../with-local.ts";

let world: World;
beforeAll(async () => (world = await startWorld()));
afterAll(() => world.local.stop());

let users = 0;
/** The keys of a user with these statements. */
function user(statements: readonly Statement[], account?: string): Keys {
  users += 1;
  const policies = [{ Version: "2012-10-17", Statement: statements }];
  return world.local.iam.principals.addUser(`user-${users}`, { policies, ...(account && { account }) });
}

const allow = (Action: Statement["Action"], Resource: Statement["Resource"], more = {}): Statement => ({
  ...{ Effect: "Allow", ...(Action && { Action }), ...(Resource && { Resource }) },
  ...more,
});

function config(credentials: Keys) {
  const { url, region } = world.local;
  return { endpoint: url, region, credentials, maxAttempts: 1, forcePathStyle: true };
}

const s3 = (keys: Keys): S3Client => new S3Client(config(keys));
const ecs = (keys: Keys): ECSClient => new ECSClient(config(keys));
const at = (Key: string) => ({ Bucket: world.made.bucket, Key });
const inBucket = (path = "/*"): string => `arn:aws:s3:::${world.made.bucket}${path}`;

/** Name, status and message of a call's answer. */
async function answer(call: Promise<unknown>): Promise<string> {
  try {
    await call;
    return "done";
  } catch (error) {
    const { name, message, $metadata } = error as Error & { $metadata?: { httpStatusCode?: number } };
    return `${name} ${$metadata?.httpStatusCode}: ${message}`;
  }
}

describe("a key", () => {
  it.each<[string, Keys, string, string]>([
    [
      "that is unknown",
      { accessKeyId: "AKIDNOBODY", secretAccessKey: "secret" },
      "UnrecognizedClientException 400: The security token included in the request is invalid.",
      "InvalidAccessKeyId 403: The AWS Access Key Id you provided does not exist in our records.",
    ],
    [
      "with another secret",
      { accessKeyId: "", secretAccessKey: "secret" },
      "InvalidSignatureException 400: The request signature we calculated",
      "SignatureDoesNotMatch 403: The request signature we calculated",
    ],
  ])("%s is refused in each protocol's way", async (_name, { accessKeyId, secretAccessKey }, json, xml) => {
    const keys = { accessKeyId: accessKeyId || world.local.admin.accessKeyId, secretAccessKey };
    expect(await answer(ecs(keys).send(new ListTasksCommand({})))).toContain(json);
    expect(await answer(s3(keys).send(new GetObjectCommand(at("x"))))).toContain(xml);
  });

  it("that signed an hour ago is refused", async () => {
    const client = new ECSClient({ ...config(world.local.admin), systemClockOffset: -3_600_000 });
    expect(await answer(client.send(new ListTasksCommand({})))).toMatch(/^InvalidSignatureException 400/);
  });

  it("is needed, except when a bucket's policy allows anonymous calls", async () => {
    const { url, made } = { ...world, ...world.local };
    const target = "AmazonEC2ContainerServiceV20141113.ListTasks";
    const headers = { "x-amz-target": target, "content-type": "application/x-amz-json-1.1" };
    const json = await fetch(url, { method: "POST", headers, body: "{}" });
    expect(await json.json()).toMatchObject({ __type: "MissingAuthenticationTokenException" });
    const object = `${url}/${made.bucket}/public/x`;
    await s3(world.local.admin).send(new PutObjectCommand({ ...at("public/x"), Body: "hello" }));
    expect((await fetch(object)).status).toBe(403);
    const Statement = [allow("s3:GetObject", inBucket("/public/*"), { Principal: "*" })];
    const Policy = JSON.stringify({ Version: "2012-10-17", Statement });
    await s3(world.local.admin).send(new PutBucketPolicyCommand({ Bucket: made.bucket, Policy }));
    expect(await (await fetch(object)).text()).toBe("hello");
    await s3(world.local.admin).send(new DeleteBucketPolicyCommand({ Bucket: made.bucket }));
    expect((await fetch(object)).status).toBe(403);
  });
});

describe("a signature", () => {
  interface Signed {
    readonly service: string;
    readonly method?: string;
    readonly path?: string;
    readonly headers?: Readonly<Record<string, string>>;
    readonly body?: string;
    readonly presigned?: boolean;
    /** Headers that the signature leaves out. */
    readonly without?: readonly string[];
    /** The body that is sent in place of the signed one. A stream has no `content-length`. */
    readonly sent?: string | ReadableStream;
    /** Whether a header has the hash of the body. */
    readonly hasHash?: boolean;
    readonly query?: Readonly<Record<string, string>>;
  }

  /** Status and text of the answer to a request of the admin. */
  async function send({ service, method = "GET", path = "/", headers = {}, body, ...more }: Signed) {
    const { admin: credentials, url, region } = world.local;
    const { hostname, host, port, protocol } = new URL(url);
    const signer = new SignatureV4({
      ...{ credentials, region, service, sha256: Sha256, uriEscapePath: service !== "s3" },
      applyChecksum: more.hasHash ?? true,
    });
    const request = {
      ...{ method, protocol, hostname, port: Number(port), path, query: { ...more.query } },
      headers: { host, ...headers },
    };
    const unsigned = new Set(more.without ?? []);
    const signed =
      more.presigned === true
        ? await signer.presign(request, { expiresIn: 60, unsignableHeaders: unsigned })
        : await signer.sign(
            { ...request, ...(body !== undefined && { body }) },
            { unsignableHeaders: unsigned },
          );
    const sentQuery = new URLSearchParams((signed.query ?? {}) as Record<string, string>).toString();
    const sent = more.sent ?? body;
    const answered = await fetch(`${url}${path}?${sentQuery}`, {
      ...{ method, headers: signed.headers },
      ...(sent !== undefined && { body: sent, duplex: "half" }),
    });
    return `${answered.status} ${await answered.text()}`;
  }

  const LIST_TASKS: Signed = {
    ...{ service: "ecs", method: "POST", body: '{"cluster":"demo"}' },
    headers: {
      "x-amz-target": "AmazonEC2ContainerServiceV20141113.ListTasks",
      "content-type": "application/x-amz-json-1.1",
    },
  };
  const PRESIGNED: Signed = {
    ...{ service: "s3", presigned: true },
    headers: { "x-amz-content-sha256": "UNSIGNED-PAYLOAD" },
  };
  const GET_CALLER: Signed = {
    ...{ service: "sts", method: "POST", body: "Action=GetCallerIdentity&Version=2011-06-15" },
    headers: { "content-type": "application/x-www-form-urlencoded" },
  };

  it.each<[string, Signed, RegExp]>([
    [
      "S3's headers",
      { service: "s3" },
      /^403 .*<Error><Code>AccessDenied<.*There were headers present in the request which were not signed/s,
    ],
    ["a presigned request", PRESIGNED, /^403 .*<Code>AccessDenied<.* not signed/s],
    [
      "a JSON call",
      LIST_TASKS,
      /^400 .*"InvalidSignatureException".*'Host' or ':authority' must be a 'SignedHeader'/,
    ],
    ["a call of the query protocol", GET_CALLER, /^403 .*<ErrorResponse>.*SignatureDoesNotMatch.*'Host'/s],
  ])("has to cover the host: %s", async (_, request, refusal) => {
    expect(await send(request)).toMatch(/^200 /);
    expect(await send({ ...request, without: ["host"] })).toMatch(refusal);
  });

  it("of S3's headers has to cover a hash of the body", async () => {
    expect(await send({ service: "s3", hasHash: false })).toMatch(/^400 .*<Code>InvalidRequest</s);
  });

  it.each([
    ["in one piece", () => "other"],
    ["in many pieces", () => "x".repeat(3_000_000)],
    ["in many pieces of an unknown number", () => new Blob(["x".repeat(3_000_000)]).stream()],
    ["that is empty", () => ""],
    ["that is longer", () => "signed and more"],
  ])("does not hold for another body %s, and the object stays as it was", async (_, sent) => {
    await s3(world.local.admin).send(new PutObjectCommand({ ...at("hashed"), Body: "as it was" }));
    const put = { service: "s3", method: "PUT", path: `/${world.made.bucket}/hashed`, body: "signed" };
    expect(await send({ ...put, sent: sent() })).toMatch(/^400 .*<Code>XAmzContentSHA256Mismatch</s);
    const { Body } = await s3(world.local.admin).send(new GetObjectCommand(at("hashed")));
    expect(await Body?.transformToString()).toBe("as it was");
    expect(await send(put)).toMatch(/^200 /);
  });

  it("does not hold for another bucket policy, or another list of deletions", async () => {
    const call = { service: "s3", path: `/${world.made.bucket}`, body: "signed" };
    const policy = '{"Version":"2012-10-17","Statement":[]}';
    const list = "<Delete><Object><Key>hashed</Key></Object></Delete>";
    const mismatch = /^400 .*<Code>XAmzContentSHA256Mismatch</s;
    expect(await send({ ...call, method: "PUT", query: { policy: "" }, sent: policy })).toMatch(mismatch);
    expect(await send({ ...call, method: "POST", query: { delete: "" }, sent: list })).toMatch(mismatch);
  });
});

describe("rights in ECS", () => {
  const cluster = "arn:aws:ecs:us-east-1:123456789012:cluster/demo";
  const denied = (who: number, action: string, resource: string): string =>
    `AccessDeniedException 400: User: arn:aws:iam::123456789012:user/user-${who} is not authorized to perform: ` +
    `${action} on resource: ${resource} because no identity-based policy allows the ${action} action`;

  it("are named as AWS names them", async () => {
    const keys = user([]);
    const tasks = ["0".repeat(32)];
    expect(await answer(ecs(keys).send(new DescribeTasksCommand({ cluster: "demo", tasks })))).toBe(
      denied(users, "ecs:DescribeTasks", `arn:aws:ecs:us-east-1:123456789012:task/demo/${"0".repeat(32)}`),
    );
    expect(await answer(ecs(keys).send(new ListTasksCommand({ cluster: "demo" })))).toBe(
      denied(users, "ecs:ListTasks", "*"),
    );
  });

  it("can depend on the cluster", async () => {
    const inCluster = { Condition: { ArnEquals: { "ecs:cluster": cluster } } };
    const client = ecs(user([allow("ecs:ListTasks", "*", inCluster)]));
    expect(await answer(client.send(new ListTasksCommand({ cluster: "demo" })))).toBe("done");
    expect(await answer(client.send(new ListTasksCommand({ cluster: "demo-logged" })))).toContain(
      "ecs:ListTasks on resource: *",
    );
  });

  it("are also needed for the roles and the tags of a new task", async () => {
    const { subnets } = world.made;
    const run = (keys: Keys): Promise<string> =>
      answer(
        ecs(keys).send(
          new RunTaskCommand({
            cluster: "demo",
            taskDefinition: "demo",
            networkConfiguration: { awsvpcConfiguration: { subnets: [...subnets] } },
            tags: [{ key: "team", value: "shop" }],
          }),
        ),
      );
    const definition = "arn:aws:ecs:us-east-1:123456789012:task-definition/demo:1";
    const role = "arn:aws:iam::123456789012:role/demo-task";
    const runs = allow("ecs:RunTask", definition, { Condition: { ArnEquals: { "ecs:cluster": cluster } } });
    const toTasks = { Condition: { StringEquals: { "iam:PassedToService": "ecs-tasks.amazonaws.com" } } };
    const passes = allow("iam:PassRole", role, toTasks);
    const executionRole = "arn:aws:iam::123456789012:role/demo-execution";
    const passesBoth = [passes, allow("iam:PassRole", executionRole, toTasks)];
    const tags = allow("ecs:TagResource", "arn:aws:ecs:us-east-1:123456789012:task/demo/*", {
      Condition: { StringEquals: { "ecs:CreateAction": "RunTask" } },
    });
    expect(await run(user([]))).toBe(denied(users, "ecs:RunTask", definition));
    expect(await run(user([runs]))).toBe(denied(users, "iam:PassRole", role));
    expect(await run(user([runs, passes]))).toBe(denied(users, "iam:PassRole", executionRole));
    expect(await run(user([runs, ...passesBoth]))).toBe(
      denied(users, "ecs:TagResource", "arn:aws:ecs:us-east-1:123456789012:task/demo/*"),
    );
    expect(await run(user([runs, ...passesBoth, tags]))).toBe("done");
  });

  it("are needed for the role of a new definition", async () => {
    const role = "arn:aws:iam::123456789012:role/admin";
    const register = new RegisterTaskDefinitionCommand({
      family: "planted",
      taskRoleArn: role,
      containerDefinitions: [],
    });
    expect(await answer(ecs(user([allow("ecs:RegisterTaskDefinition", "*")])).send(register))).toBe(
      denied(users, "iam:PassRole", role),
    );
  });
});

describe("rights in KMS and CloudWatch Logs", () => {
  it("are on a key, and on a stream", async () => {
    const { kmsKeyId, logGroup } = world.made;
    const kms = new KMSClient(config(user([allow("kms:GenerateDataKey", kmsKeyId)])));
    const KeyId = kmsKeyId;
    const { CiphertextBlob } = await kms.send(new GenerateDataKeyCommand({ KeyId, NumberOfBytes: 64 }));
    // Also with only the ciphertext.
    expect(await answer(kms.send(new DecryptCommand({ CiphertextBlob })))).toContain(
      `kms:Decrypt on resource: ${kmsKeyId}`,
    );
    const logs = new CloudWatchLogsClient(config(user([])));
    const stream = { logGroupName: logGroup, logStreamName: "s" };
    expect(await answer(logs.send(new GetLogEventsCommand(stream)))).toContain(
      `logs:GetLogEvents on resource: arn:aws:logs:us-east-1:123456789012:log-group:${logGroup}:log-stream:s`,
    );
  });
});

it("a right on a key holds under each of its aliases, and a right on an alias has no effect", async () => {
  const { kmsKeyId } = world.made;
  const AliasName = "alias/guarded";
  const everything = new KMSClient(config(user([allow("*", "*")])));
  await everything.send(new CreateAliasCommand({ AliasName, TargetKeyId: kmsKeyId }));
  const use = (resource: string): Promise<string> =>
    answer(
      new KMSClient(config(user([allow("kms:GenerateDataKey", resource)]))).send(
        new GenerateDataKeyCommand({ KeyId: AliasName, NumberOfBytes: 64 }),
      ),
    );
  expect(await use(kmsKeyId)).toBe("done");
  expect(await use(kmsKeyId.replace(/key\/.*/, AliasName))).toContain(
    `kms:GenerateDataKey on resource: ${kmsKeyId}`,
  );
});

describe("S3", () => {
  const objects = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"];

  it("hides missing objects from a caller without s3:ListBucket", async () => {
    const may = user([allow(objects, inBucket()), allow("s3:ListBucket", inBucket(""))]);
    const mayNot = user([allow(objects, inBucket())]);
    const get = new GetObjectCommand(at("absent"));
    const head = new HeadObjectCommand(at("absent"));
    expect(await answer(s3(may).send(get))).toMatch(/^NoSuchKey 404/);
    expect(await answer(s3(may).send(head))).toMatch(/^NotFound 404/);
    expect(await answer(s3(mayNot).send(get))).toMatch(/^AccessDenied 403: .*s3:ListBucket on resource: "/);
    expect(await answer(s3(mayNot).send(head))).toMatch(/ 403: /);
    const elsewhere = new GetObjectCommand({ Bucket: "no-such-bucket", Key: "x" });
    const all = user([allow(objects, "*")]);
    expect(await answer(s3(all).send(elsewhere))).toMatch(/^NoSuchBucket 404/);
  });

  it("refuses an owner other than the expected one", async () => {
    const { local, made } = world;
    const put = (ExpectedBucketOwner: string): Promise<string> =>
      answer(s3(local.admin).send(new PutObjectCommand({ ...at("owned"), Body: "x", ExpectedBucketOwner })));
    expect(await put("123456789012")).toBe("done");
    expect(await put("210987654321")).toBe("AccessDenied 403: Access Denied");
    local.iam.buckets.setOwner(made.bucket, "210987654321");
    try {
      expect(await put("123456789012")).toMatch(/^AccessDenied 403/);
    } finally {
      local.iam.buckets.setOwner(made.bucket, local.accountId);
    }
  });

  it("evaluates a bucket's policy: conditional deletes, encryption, another account", async () => {
    const { local, made } = world;
    const { buckets } = local.iam;
    const set = (...Statement: Statement[]): void =>
      buckets.setPolicy(made.bucket, { Version: "2012-10-17", Statement });
    const anyPrincipal = { Principal: "*", Effect: "Deny" } as const;
    const client = s3(user([allow(objects, inBucket())]));
    try {
      const { ETag } = await client.send(new PutObjectCommand({ ...at("guarded"), Body: "x" }));
      set(
        allow("s3:DeleteObject", inBucket(), {
          ...anyPrincipal,
          Condition: { Null: { "s3:if-match": "true" } },
        }),
      );
      const remove = (more = {}): Promise<string> =>
        answer(client.send(new DeleteObjectCommand({ ...at("guarded"), ...more })));
      expect(await remove()).toContain("s3:DeleteObject on resource");
      expect(await remove()).toContain("with an explicit deny in a resource-based policy");
      expect(await remove({ IfMatch: ETag })).toBe("done");

      const encrypted = { StringNotEquals: { "s3:x-amz-server-side-encryption": "aws:kms" } };
      set(allow("s3:PutObject", inBucket(), { ...anyPrincipal, Condition: encrypted }));
      const put = (more = {}): Promise<string> =>
        answer(client.send(new PutObjectCommand({ ...at("sealed"), Body: "x", ...more })));
      expect(await put()).toMatch(/^AccessDenied 403: .*explicit deny in a resource-based policy/);
      expect(await put({ ServerSideEncryption: "aws:kms" })).toBe("done");
      // Writer and reader both need the right to the named key.
      const named = { ServerSideEncryption: "aws:kms", SSEKMSKeyId: made.kmsKeyId };
      expect(await put(named)).toContain(`kms:GenerateDataKey on resource: "${made.kmsKeyId}"`);
      const writer = s3(user([allow(objects, inBucket()), allow("kms:GenerateDataKey", made.kmsKeyId)]));
      await writer.send(new PutObjectCommand({ ...at("sealed"), Body: "x", ...named } as never));
      expect(await answer(writer.send(new GetObjectCommand(at("sealed"))))).toContain(
        "kms:Decrypt on resource",
      );

      set();
      const foreign = user([allow(objects, inBucket())], "210987654321");
      const read = (): Promise<string> => answer(s3(foreign).send(new GetObjectCommand(at("shared"))));
      await client.send(new PutObjectCommand({ ...at("shared"), Body: "x" }));
      expect(await read()).toContain("because no resource-based policy allows the s3:GetObject action");
      set(allow("s3:GetObject", inBucket(), { Principal: { AWS: "210987654321" } }));
      expect(await read()).toBe("done");
    } finally {
      buckets.setPolicy(made.bucket, undefined);
    }
  });

  it("a presigned URL is valid for its time, its method and its signer's rights", async () => {
    const { local, made } = world;
    await s3(local.admin).send(new PutObjectCommand({ ...at("presigned"), Body: "hello" }));
    const presigned = async (credentials: Keys, ago = 0): Promise<string> => {
      const { hostname, port, host, protocol } = new URL(local.url);
      const signer = new SignatureV4({
        ...{ credentials, region: "us-east-1", service: "s3", sha256: Sha256 },
        ...{ applyChecksum: false, uriEscapePath: false },
      });
      const path = `/${made.bucket}/presigned`;
      const { query = {} } = await signer.presign(
        {
          ...{ method: "GET", protocol, hostname, port: Number(port), path },
          headers: { host, "x-amz-content-sha256": "UNSIGNED-PAYLOAD" },
        },
        { expiresIn: 60, signingDate: new Date(Date.now() - ago) },
      );
      return `${local.url}${path}?${new URLSearchParams(query as Record<string, string>).toString()}`;
    };
    const get = async (url: string, method = "GET"): Promise<string> => {
      const response = await fetch(url, { method });
      return `${response.status} ${await response.text()}`;
    };
    expect(await get(await presigned(local.admin))).toBe("200 hello");
    expect(await get(await presigned(local.admin, 61_000))).toMatch(/^403 .*Request has expired/s);
    expect(await get(await presigned(local.admin), "DELETE")).toMatch(/^403 .*SignatureDoesNotMatch/s);
    const forged = (await presigned(local.admin)).replace("/presigned", "/owned");
    expect(await get(forged)).toMatch(/^403 .*SignatureDoesNotMatch/s);
    expect(await get(await presigned(user([])))).toMatch(/^403 .*s3:GetObject on resource/s);
  });

  it("lists by prefix only when a condition says so", async () => {
    const prefix = { Condition: { StringLike: { "s3:prefix": "fargate-exec/*" } } };
    const client = s3(user([allow("s3:ListBucket", inBucket(""), prefix)]));
    const list = (Prefix: string): Promise<string> =>
      answer(client.send(new ListObjectsV2Command({ Bucket: world.made.bucket, Prefix })));
    expect(await list("fargate-exec/x")).toBe("done");
    expect(await list("other/")).toMatch(/^AccessDenied 403/);
  });
});

describe("a call of S3 that is written in an unusual way needs its rights", () => {
  const post = async (path: string, body: string): Promise<number> =>
    (await fetch(`${world.local.url}${path}`, { method: "POST", body })).status;

  it.each([
    ["with a blank in a tag", 400, "<Delete><Object ><Key>precious</Key></Object></Delete>"],
    ["in a comment", 400, "<Delete><!--<Object>--><Object><Key>precious</Key></Object></Delete>"],
    ["without objects", 400, "<Delete></Delete>"],
    ["as other clients write it", 403, "<Delete><Object><Key>precious</Key></Object></Delete>"],
  ])("a list of deletions %s", async (_, status, list) => {
    await new S3Client({ ...clientConfig(world.local), forcePathStyle: true }).send(
      new PutObjectCommand({ ...at("precious"), Body: "x" }),
    );
    expect(await post(`/${world.made.bucket}?delete`, list)).toBe(status);
    await expect(
      new S3Client({ ...clientConfig(world.local), forcePathStyle: true }).send(
        new HeadObjectCommand(at("precious")),
      ),
    ).resolves.toBeDefined();
  });

  it("a deletion whose key has an entity of XML is one of that key", async () => {
    const keys = user([allow("s3:DeleteObject", inBucket("/a&b")), allow("s3:PutObject", inBucket())]);
    await s3(keys).send(new PutObjectCommand({ ...at("a&b"), Body: "x" }));
    const remove = (...names: readonly string[]): Promise<string> =>
      answer(
        s3(keys).send(
          new DeleteObjectsCommand({
            Bucket: world.made.bucket,
            Delete: { Objects: names.map((Key) => ({ Key })) },
          }),
        ),
      );
    expect(await remove("a&b")).toBe("done");
    expect(await remove("a&amp;b")).toMatch(/^AccessDenied 403/);
  });

  it.each(["?select&select-type=2&delete", "?select&select-type=2", "?delete", "?restore"])(
    "an object at %s",
    async (query) => {
      await new S3Client({ ...clientConfig(world.local), forcePathStyle: true }).send(
        new PutObjectCommand({ ...at("secret"), Body: "hunter2" }),
      );
      const select =
        "<SelectObjectContentRequest><Expression>SELECT * FROM s3object</Expression><ExpressionType>SQL</ExpressionType>" +
        "<InputSerialization><CSV/></InputSerialization><OutputSerialization><CSV/></OutputSerialization></SelectObjectContentRequest>";
      expect(await post(`/${world.made.bucket}/secret${query}`, select)).toBeGreaterThanOrEqual(400);
    },
  );
});

describe("a copy", () => {
  const admin = (): S3Client => new S3Client({ ...clientConfig(world.local), forcePathStyle: true });
  const copy = (keys: Keys): Promise<string> =>
    answer(
      s3(keys).send(
        new CopyObjectCommand({ ...at("copies/mine"), CopySource: `${world.made.bucket}/source` }),
      ),
    );

  it("needs the right to read its source", async () => {
    await admin().send(new PutObjectCommand({ ...at("source"), Body: "hunter2" }));
    expect(await copy(user([allow("s3:PutObject", inBucket("/copies/*"))]))).toMatch(
      /^AccessDenied 403: .*s3:GetObject/,
    );
    const reads = allow("s3:GetObject", inBucket("/source"));
    expect(await copy(user([allow("s3:PutObject", inBucket("/copies/*")), reads]))).toBe("done");
  });

  it("is not what the holder of a presigned request may make of it", async () => {
    await admin().send(new PutObjectCommand({ ...at("source"), Body: "hunter2" }));
    const url = await getSignedUrl(admin(), new PutObjectCommand(at("copies/theirs")));
    const headers = { "x-amz-copy-source": `/${world.made.bucket}/source` };
    const refused = await fetch(url, { method: "PUT", headers });
    expect([refused.status, await refused.text()]).toEqual([
      403,
      expect.stringContaining("which were not signed"),
    ]);
  });
});

describe("a request that this server and moto would read in different ways is refused", () => {
  /** What says "sts" to one reader of the header, and `service` to the other. */
  const twoScopes = (service: string): string =>
    `Foo x/20260101/us-east-1/${service}/aws4_request Credential=x/20260101/us-east-1/sts/aws4_request`;
  const json = {
    "x-amz-target": "X.AssumeRoleWithWebIdentity",
    "content-type": "application/x-amz-json-1.1",
  };

  it.each([
    ["a header that is no signature", "/", { authorization: twoScopes("ecs"), ...json }],
    ["an operation in the query", "/?Action=ListTaskDefinitions", json],
    ["a JSON call by the name of one that needs no key", "/", json],
    [
      "a JSON call that says that it is a form",
      "/",
      { ...json, "content-type": "application/x-www-form-urlencoded" },
    ],
  ])("%s", async (_, path, headers) => {
    const body = JSON.stringify({ a: "&Action=ListRoles&Version=2010-05-08&z=" });
    const refused = await fetch(`${world.local.url}${path}`, { method: "POST", headers, body });
    expect([400, 403, 404]).toContain(refused.status);
    expect(await refused.text()).not.toMatch(/Roles|taskDefinitionArns/);
  });

  it("a presigned request with a header that names another service", async () => {
    const admin = new S3Client({ ...clientConfig(world.local), forcePathStyle: true });
    await admin.send(new PutObjectCommand({ ...at("source"), Body: "hunter2" }));
    const url = await getSignedUrl(admin, new PutObjectCommand(at("copies/theirs")));
    const headers = { authorization: twoScopes("s3"), "x-amz-copy-source": `/${world.made.bucket}/source` };
    expect((await fetch(url, { method: "PUT", headers })).status).toBe(400);
  });

  it("a slash in the bucket's name", async () => {
    const keys = user([allow(["s3:ListBucket", "s3:CreateBucket", "s3:DeleteBucket"], "*")]);
    await expect(
      s3(keys).send(new GetObjectCommand({ Bucket: `${world.made.bucket}/source`, Key: "" })),
    ).rejects.toThrow();
    const read = await fetch(`${world.local.url}/${world.made.bucket}%2Fsource`);
    expect([read.status, await read.text()]).toEqual([400, expect.stringContaining("InvalidBucketName")]);
  });

  it("a list of nothing needs the right to its operation", async () => {
    const { url, region } = world.local;
    const client = new ECSClient({ endpoint: url, region, credentials: user([]), maxAttempts: 1 });
    expect(await answer(client.send(new DescribeClustersCommand({ clusters: [] })))).toMatch(
      /^AccessDeniedException/,
    );
  });

  it("a connection that is reset while it asks for a channel ends nothing", async () => {
    const { port } = new URL(world.local.url);
    for (let tries = 0; tries < 20; tries++) {
      const socket = connect(Number(port), "127.0.0.1");
      await once(socket, "connect");
      socket.write(
        `GET /v1/data-channel/x HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`,
      );
      socket.resetAndDestroy();
      await once(socket, "close");
    }
    expect((await fetch(world.local.url)).status).toBe(403);
  });
});
