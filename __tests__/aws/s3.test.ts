import { createHash, createHmac } from "node:crypto";
import { s3Calls } from "../../src/aws/s3-calls.ts";
import {
  endpoint,
  setEnvironment,
  type Answer,
  type Endpoint,
  type ReceivedRequest,
} from "../helpers/aws-endpoint.ts";
import { inTime } from "../helpers/until.ts";

let open: Endpoint;
afterEach(async () => {
  await open.close();
});

async function startEndpoint(answer: (request: ReceivedRequest) => Answer, region?: string) {
  open = await endpoint(answer, undefined, region);
  return s3Calls(open.clients);
}
function error(code: string): string {
  return `<?xml version="1.0"?><Error><Code>${code}</Code><Message>no</Message></Error>`;
}
const object = { bucket: "stage", key: "fargate-exec/a b+c" };
const xml = { "content-type": "application/xml" };

it("puts an object, encrypted by the key that was asked for", async () => {
  const s3 = await startEndpoint(() => ({ body: "" }));
  await s3.putObject(object, Buffer.from("payload"), { kmsKeyId: "key-1" });
  const [request] = open.received;
  expect(request).toMatchObject({ method: "PUT", body: "payload" });
  expect(request?.url).toContain("/stage/fargate-exec/a%20b%2Bc");
  expect(request?.headers["x-amz-server-side-encryption"]).toBe("aws:kms");
  expect(request?.headers["x-amz-server-side-encryption-aws-kms-key-id"]).toBe("key-1");
});

it("leaves the encryption to the bucket when no key was asked for", async () => {
  const s3 = await startEndpoint(() => ({ body: "" }));
  await s3.putObject(object, Buffer.from("payload"));
  expect(open.received[0]?.headers).not.toHaveProperty("x-amz-server-side-encryption");
});

it("gets an object as a stream", async () => {
  const s3 = await startEndpoint(() => ({ body: "some text" }));
  const chunks: Uint8Array[] = [];
  for await (const chunk of (await s3.getObject(object)) ?? []) chunks.push(chunk);
  expect(Buffer.concat(chunks).toString()).toBe("some text");
});

describe("an object of a bucket in another region", () => {
  const regionOf = ({ headers }: ReceivedRequest): string =>
    /Credential=[^/]+\/\d+\/([^/]+)/.exec(headers.authorization ?? "")?.[1] ?? "none";
  const redirected = (region: string) => ({
    ...{ status: 301, headers: { ...xml, "x-amz-bucket-region": region }, body: error("PermanentRedirect") },
  });

  it.each([
    ["us-west-2", 301, "PermanentRedirect"],
    ["eu-south-2", 400, "IllegalLocationConstraintException"],
  ])("is read there, and S3 is asked for the region %s once", async (region, status, code) => {
    const refusal = { ...redirected(region), status, body: error(code) };
    const s3 = await startEndpoint((request) => (regionOf(request) === region ? { body: "text" } : refusal));
    expect(await s3.getObject(object)).toBeDefined();
    expect(await s3.getObject(object)).toBeDefined();
    expect(open.received.map(regionOf)).toEqual(["eu-central-1", region, region]);
  });

  it.each(["cn-north-1", "us-west-2.evil.example", "../x", "eu-central-1"])(
    "is not looked for in %s, which is not another region of its partition",
    async (region) => {
      const s3 = await startEndpoint(() => redirected(region));
      await expect(s3.getObject(object)).rejects.toMatchObject({ code: "bucket-elsewhere" });
      expect(open.received).toHaveLength(1);
    },
  );

  it("is only read: nothing is written or deleted there", async () => {
    const s3 = await startEndpoint(() => redirected("us-west-2"));
    await expect(s3.putObject(object, Buffer.from("x"))).rejects.toMatchObject({ code: "bucket-elsewhere" });
    expect(open.received.map(regionOf)).toEqual(["eu-central-1"]);
  });
});

it("gives undefined for an object that is not there", async () => {
  const s3 = await startEndpoint(() => ({ status: 404, headers: xml, body: error("NoSuchKey") }));
  expect(await s3.getObject(object)).toBeUndefined();
});

it.each([
  ["is not there", { status: 404 }, "bucket-not-found"],
  ["is denied", { status: 403 }, "access-denied"],
  ["is elsewhere", { status: 301, headers: { "x-amz-bucket-region": "us-west-2" } }, "bucket-elsewhere"],
])("fails for a bucket that %s", async (_, answer, code) => {
  const s3 = await startEndpoint(() => ({ ...answer, body: "" }));
  await expect(s3.checkBucket({ bucket: "stage" })).rejects.toMatchObject({ code });
});

it.each([
  ["eu-central-1", "aws"],
  ["cn-north-1", "aws-cn"],
  ["us-gov-west-1", "aws-us-gov"],
  ["eusc-de-east-1", "aws-eusc"],
])("names the object in a denial, in the partition of %s", async (region, partition) => {
  const s3 = await startEndpoint(() => ({ status: 403, headers: xml, body: error("AccessDenied") }), region);
  await expect(s3.putObject(object, Buffer.from("x"))).rejects.toMatchObject({
    code: "access-denied",
    failed: expect.stringContaining(
      `s3:PutObject on arn:${partition}:s3:::stage/fargate-exec/a b+c`,
    ) as string,
  });
});

describe("a presigned URL", () => {
  it("goes where the SDK's own request goes, and is not sent", async () => {
    const s3 = await startEndpoint(() => ({}));
    const url = new URL(await s3.presignGet(object, 60));
    expect(url.origin).toBe(open.url);
    expect(url.pathname).toBe("/stage/fargate-exec/a%20b%2Bc");
    expect(url.searchParams.get("X-Amz-Expires")).toBe("60");
    expect(open.received).toEqual([]);
  });

  it("is for the bucket's host on AWS itself", async () => {
    const s3 = await startEndpoint(() => ({}));
    const restore = setEnvironment({ AWS_ENDPOINT_URL: undefined });
    const url = new URL(await s3.presignGet(object, 60));
    restore();
    expect(url.origin).toBe("https://stage.s3.eu-central-1.amazonaws.com");
  });

  it("carries the signature that S3 computes (AWS: authenticating requests by query parameters)", async () => {
    const s3 = await startEndpoint(() => ({}));
    const url = new URL(await s3.presignGet(object, 60));
    const query = [...url.searchParams].filter(([name]) => name !== "X-Amz-Signature").sort();
    const encode = (text: string) => encodeURIComponent(text).replace(/\*/g, "%2A");
    const date = url.searchParams.get("X-Amz-Date") ?? "";
    const canonical = [
      "GET",
      url.pathname,
      query.map(([name, value]) => `${encode(name)}=${encode(value)}`).join("&"),
      `host:${url.host}`,
      "",
      "host",
      "UNSIGNED-PAYLOAD",
    ].join("\n");
    const scope = `${date.slice(0, 8)}/eu-central-1/s3/aws4_request`;
    const hash = createHash("sha256").update(canonical).digest("hex");
    const key = scope
      .split("/")
      .reduce<string | Buffer>((k, part) => createHmac("sha256", k).update(part).digest(), "AWS4secret");
    const signature = createHmac("sha256", key)
      .update(`AWS4-HMAC-SHA256\n${date}\n${scope}\n${hash}`)
      .digest("hex");
    expect(url.searchParams.get("X-Amz-Signature")).toBe(signature);
  });
});

describe("a presigned form", () => {
  const policyOf = (
    fields: Readonly<Record<string, string>>,
  ): { conditions: unknown[]; expiration: string } =>
    JSON.parse(Buffer.from(fields["Policy"] ?? "", "base64").toString()) as {
      conditions: unknown[];
      expiration: string;
    };

  it("lets its holder write below the folder, up to the size, until it expires", async () => {
    const s3 = await startEndpoint(() => ({ body: "" }));
    const { url, fields } = await s3.presignPost(
      { bucket: "stage", key: "fargate-exec/output/ab/" },
      { seconds: 3_600, largest: 9_000 },
    );
    expect(new URL(url).pathname).toMatch(/^\/stage\/?$/);
    expect(fields).not.toHaveProperty("key");
    const { conditions, expiration } = policyOf(fields);
    expect(conditions).toContainEqual(["starts-with", "$key", "fargate-exec/output/ab/"]);
    expect(conditions).toContainEqual(["content-length-range", 1, 9_000]);
    expect(conditions).toContainEqual({ bucket: "stage" });
    expect((Date.parse(expiration) - Date.now()) / 1000).toBeCloseTo(3_600, -2);
    expect(open.received).toEqual([]);
  });

  it("demands the key that encrypts what is written", async () => {
    const s3 = await startEndpoint(() => ({ body: "" }));
    const { fields } = await s3.presignPost(
      { bucket: "stage", key: "f/" },
      { seconds: 60, largest: 1, kmsKeyId: "key-1" },
    );
    expect(fields).toMatchObject({
      "x-amz-server-side-encryption": "aws:kms",
      "x-amz-server-side-encryption-aws-kms-key-id": "key-1",
    });
    expect(policyOf(fields).conditions).toContainEqual({
      "x-amz-server-side-encryption-aws-kms-key-id": "key-1",
    });
  });
});

it("a cancel ends a signature whose credentials don't come", async () => {
  open = await endpoint(() => ({}));
  const cancel = new AbortController();
  const never = (): Promise<never> => new Promise(() => undefined);
  const s3 = s3Calls({ ...open.clients, signal: cancel.signal, presignGet: never, presignPost: never });
  const signatures: Promise<unknown>[] = [
    s3.presignGet(object, 60),
    s3.presignPost(object, { seconds: 60, largest: 1 }),
  ];
  cancel.abort(new Error("cancelled"));
  for (const signature of signatures)
    await expect(inTime("the end of a signature", signature)).rejects.toThrow("cancelled");
});
