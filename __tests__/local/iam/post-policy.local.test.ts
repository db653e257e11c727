import { createHmac } from "node:crypto";
import { GetObjectCommand, S3Client } from "@aws-sdk/client-s3";
import type { Keys } from "../../../local/keys.ts";
import { readForm } from "../../../local/iam/post-policy.ts";
import { clientConfig, startWorld, type World } from "../with-local.ts";

let world: World;
beforeAll(async () => (world = await startWorld()));
afterAll(() => world.local.stop());

type Condition = Record<string, string> | readonly (string | number)[];

interface Form {
  readonly keys?: Keys;
  readonly expiresIn?: number;
  readonly conditions?: readonly Condition[];
  /** In the place of the policy's JSON. */
  readonly policy?: string;
  readonly fields?: Readonly<Record<string, string>>;
  readonly file?: string;
}

/** S3's answer to a form, with the code of an error. */
async function post({ keys = world.local.admin, expiresIn = 60_000, ...form }: Form): Promise<string> {
  const { url, region } = world.local;
  const { bucket } = world.made;
  const date = new Date().toISOString().replace(/[-:]|\.\d+/g, "");
  const scope = [date.slice(0, 8), region, "s3", "aws4_request"];
  const credential = [keys.accessKeyId, ...scope].join("/");
  const signing = {
    "x-amz-algorithm": "AWS4-HMAC-SHA256",
    "x-amz-credential": credential,
    "x-amz-date": date,
  };
  const standard: readonly Condition[] = [
    { bucket },
    ["starts-with", "$key", "fargate-exec/"],
    ["content-length-range", 1, 10],
  ];
  const conditions = [
    ...(form.conditions ?? standard),
    ...Object.entries(signing).map(([k, v]) => ({ [k]: v })),
  ];
  const expiration = new Date(Date.now() + expiresIn).toISOString();
  const policy = Buffer.from(form.policy ?? JSON.stringify({ expiration, conditions })).toString("base64");
  const key = scope.reduce<Buffer>(
    (parent, part) => createHmac("sha256", parent).update(part).digest(),
    Buffer.from(`AWS4${keys.secretAccessKey}`),
  );
  const signature = createHmac("sha256", key).update(policy).digest("hex");
  const body = new FormData();
  const fields = {
    key: "fargate-exec/piece",
    ...signing,
    policy,
    "x-amz-signature": signature,
    ...form.fields,
  };
  for (const [name, value] of Object.entries(fields)) body.append(name, value);
  body.append("file", new Blob([form.file ?? "hello"]));
  const response = await fetch(`${url}/${bucket}`, { method: "POST", body });
  const text = await response.text();
  return `${response.status} ${/<Code>(.*?)<.*<Message>(.*?)</s.exec(text)?.slice(1).join(": ") ?? ""}`.trim();
}

it("a form that meets its policy's conditions writes the object", async () => {
  expect(await post({})).toMatch(/^20[04]/);
  const s3 = new S3Client(clientConfig(world.local));
  const { Body } = await s3.send(
    new GetObjectCommand({ Bucket: world.made.bucket, Key: "fargate-exec/piece" }),
  );
  expect(await Body?.transformToString()).toBe("hello");
});

it.each<[string, Form, RegExp]>([
  ["that has expired", { expiresIn: -1000 }, /^403 AccessDenied: .*Policy expired/],
  ["with another key", { fields: { key: "elsewhere" } }, /^403 AccessDenied: .*starts-with.*\$key/],
  [
    "with a field that no condition names",
    { fields: { acl: "public-read" } },
    /^403 AccessDenied: .*Extra input fields: acl/,
  ],
  [
    "for another bucket",
    { conditions: [{ bucket: "other" }, ["starts-with", "$key", ""]] },
    /^403 AccessDenied: .*\$bucket/,
  ],
  ["that is too large", { file: "hello, hello" }, /^400 EntityTooLarge/],
  ["whose policy is no JSON", { policy: "{" }, /^400 InvalidPolicyDocument/],
  ["that is too small", { file: "" }, /^400 EntityTooSmall/],
  ["with a wrong signature", { fields: { "x-amz-signature": "0".repeat(64) } }, /^403 SignatureDoesNotMatch/],
  [
    "of an unknown key",
    { keys: { accessKeyId: "AKIDNOBODY", secretAccessKey: "x" } },
    /^403 InvalidAccessKeyId/,
  ],
])("a form %s is refused", async (_name, form, expected) => {
  expect(await post(form)).toMatch(expected);
});

it("a form needs its signer's right to write", async () => {
  const keys = world.local.iam.principals.addUser("poor", { policies: [] });
  expect(await post({ keys })).toMatch(/^403 AccessDenied: .*s3:PutObject on resource/);
});

describe("a form is read in one way only, or refused", () => {
  const part = (name: string, text: string): string =>
    `--b\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${text}\r\n`;
  const file = part("file", "hello");
  const read = (body: string) => readForm("multipart/form-data; boundary=b", Buffer.from(body));

  it("with each field once, and the file as the last", () => {
    expect(read(`${part("key", "a")}${part("Content-Type", "text/plain")}${file}--b--\r\n`)).toEqual({
      fields: { key: "a", "content-type": "text/plain" },
      file: Buffer.from("hello"),
    });
  });

  it.each([
    ["a field twice", `${part("key", "other")}${part("key", "mine")}${file}--b--`],
    ["a field twice, in other letters", `${part("key", "other")}${part("KEY", "mine")}${file}--b--`],
    ["a field behind the file", `${part("key", "mine")}${file}${part("acl", "public-read")}--b--`],
    ["text before the first field", `x\r\n${part("key", "mine")}${file}--b--`],
    ["no end", `${part("key", "mine")}${file}--b`],
    ["another way to name a field", `${part("key", "mine")}${file}--b--`.replace('name="key"', "name=key")],
  ])("not with %s", (_, body) => {
    expect(() => read(body)).toThrow();
  });
});
