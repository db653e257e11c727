import type { ExecConfiguration } from "../../../src/aws/ecs.ts";
import { Failure } from "../../../src/errors.ts";
import { checkSessionLog, type SessionLogFacts } from "../../../src/ready/checks/session-log.ts";

const denied = new Failure("access-denied", { failed: "Denied.", seen: "s.", advice: "Allow it." });
const refuse = () => Promise.reject(denied);
const exec: ExecConfiguration = {
  ...{ logging: "DEFAULT", kmsKeyId: undefined, cloudWatchLogGroup: undefined, cloudWatchEncryption: false },
  ...{ s3Bucket: undefined, s3Prefix: undefined, s3Encryption: false },
};
const facts: SessionLogFacts = { exec, own: undefined, wanted: "auto", region: "eu-central-1" };
const override = (more: Partial<ExecConfiguration>): SessionLogFacts => ({
  ...facts,
  exec: { ...exec, logging: "OVERRIDE", ...more },
});
const own = { group: "/own", region: undefined, streamPrefix: undefined, createsGroup: false };

type Calls = Parameters<typeof checkSessionLog>[1];
interface Answers {
  readonly group?: Calls["logs"]["describeGroup"];
  readonly checkBucket?: Calls["s3"]["checkBucket"];
  readonly isEncrypted?: Calls["s3"]["isEncrypted"];
  readonly generateDataKey?: Calls["kms"]["generateDataKey"];
}

/** The verdicts by row. Everything is there and may be looked at, except for `more`. */
async function verdicts(of: SessionLogFacts, more: Answers = {}): Promise<Record<string, string>> {
  const key = { plaintext: new Uint8Array(), ciphertext: new Uint8Array(), keyArn: "" };
  const checks = await checkSessionLog(of, {
    logs: { describeGroup: more.group ?? (() => Promise.resolve({ kmsKeyId: undefined })) },
    s3: {
      checkBucket: more.checkBucket ?? (() => Promise.resolve()),
      isEncrypted: more.isEncrypted ?? (() => Promise.resolve(true)),
    },
    kms: { generateDataKey: more.generateDataKey ?? (() => Promise.resolve(key)) },
  });
  for (const check of checks) if (check.verdict === "NG") expect(check.fix).toMatch(/\.$/);
  return Object.fromEntries(checks.map(({ name, verdict }) => [name, verdict]));
}

const missing = () => Promise.resolve(undefined);
const log = "session log";

it.each<[string, SessionLogFacts, Answers, Record<string, string>]>([
  ["nothing is logged", facts, {}, { [log]: "OK" }],
  ["the container's group", { ...facts, own }, {}, { [log]: "OK", "log group": "OK" }],
  [
    "the container's group is missing",
    { ...facts, own },
    { group: missing },
    { [log]: "OK", "log group": "NG" },
  ],
  [
    "the container's group is made by its driver",
    { ...facts, own: { ...own, createsGroup: true } },
    { group: missing },
    { [log]: "OK", "log group": "OK" },
  ],
  [
    "the container's group is in another region",
    { ...facts, own: { ...own, region: "us-east-1" } },
    { group: missing },
    { [log]: "OK", "log group": "SKIP" },
  ],
  ["a group", override({ cloudWatchLogGroup: "/x" }), {}, { [log]: "OK", "log group": "OK" }],
  [
    "a group that is missing",
    override({ cloudWatchLogGroup: "/x" }),
    { group: missing },
    { [log]: "OK", "log group": "NG" },
  ],
  [
    "a group that may not be looked at",
    override({ cloudWatchLogGroup: "/x" }),
    { group: refuse },
    { [log]: "OK", "log group": "SKIP" },
  ],
  [
    "a group that should be encrypted, and is not",
    override({ cloudWatchLogGroup: "/x", cloudWatchEncryption: true }),
    {},
    { [log]: "OK", "log group": "NG" },
  ],
  [
    "a group that should be encrypted, and is",
    override({ cloudWatchLogGroup: "/x", cloudWatchEncryption: true }),
    { group: () => Promise.resolve({ kmsKeyId: "arn:key" }) },
    { [log]: "OK", "log group": "OK" },
  ],
  ["a bucket", override({ s3Bucket: "b" }), {}, { [log]: "OK", "log bucket": "OK" }],
  [
    "a bucket in another region",
    override({ s3Bucket: "b" }),
    { checkBucket: () => Promise.reject(new Failure("bucket-elsewhere", denied)) },
    { [log]: "OK", "log bucket": "OK" },
  ],
  [
    "a bucket that may not be looked at",
    override({ s3Bucket: "b" }),
    { checkBucket: refuse },
    { [log]: "OK", "log bucket": "SKIP" },
  ],
  [
    "a bucket that should be encrypted, and is not",
    override({ s3Bucket: "b", s3Encryption: true }),
    { isEncrypted: () => Promise.resolve(false) },
    { [log]: "OK", "log bucket": "NG" },
  ],
  ["a key", { ...facts, exec: { ...exec, kmsKeyId: "k" } }, {}, { [log]: "OK", "session key": "OK" }],
  [
    "a key that is denied",
    { ...facts, exec: { ...exec, kmsKeyId: "k" } },
    { generateDataKey: refuse },
    { [log]: "OK", "session key": "NG" },
  ],
  ["logs: cloudwatch without one", { ...facts, wanted: "cloudwatch" }, {}, { [log]: "NG" }],
  [
    "logs: s3 without one",
    { ...override({ cloudWatchLogGroup: "/x" }), wanted: "s3" },
    {},
    { [log]: "NG", "log group": "OK" },
  ],
  ["logs: s3", { ...override({ s3Bucket: "b" }), wanted: "s3" }, {}, { [log]: "OK", "log bucket": "OK" }],
  [
    "logs: cloudwatch by the container's group",
    { ...facts, own, wanted: "cloudwatch" },
    {},
    { [log]: "OK", "log group": "OK" },
  ],
])("%s", async (_, of, answers, expected) => {
  expect(await verdicts(of, answers)).toEqual(expected);
});
