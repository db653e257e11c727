import { createHash } from "node:crypto";
import { GetObjectCommand, ListObjectVersionsCommand, PutBucketVersioningCommand } from "@aws-sdk/client-s3";
import { setTimeout as sleep } from "node:timers/promises";
import { watchCommandLines } from "../helpers/command-lines.ts";
import { everyNth } from "../helpers/every-nth.ts";
import { Aws, jobLog, type Inputs } from "../helpers/local.ts";

let aws: Aws;

beforeAll(async () => {
  aws = await Aws.start();
});

afterAll(() => aws.stop());

const token = "tok-3n:Qx+7/pA=='\"$`\\zürich";
const key = "-----BEGIN KEY-----\nMIIEowIBAAKCAQEAq7v\nq9Xy4L2f8Tt6vWcJ0\n-----END KEY-----";
/** The texts that must not be seen anywhere. The lines of a key are as secret as the whole. */
const secrets = [token, ...key.split("\n")];

/** Everything that the bucket ever held, deleted objects included, since it keeps versions. */
async function everStored(): Promise<{ keys: string[]; text: string }> {
  const { s3 } = aws;
  const Bucket = aws.world.made.bucket;
  const { Versions = [] } = await s3.send(new ListObjectVersionsCommand({ Bucket }));
  const texts = Versions.map(async ({ Key, VersionId }) => {
    const object = await s3.send(new GetObjectCommand({ Bucket, Key, VersionId }));
    return JSON.stringify(object.Metadata) + ((await object.Body?.transformToString("latin1")) ?? "");
  });
  return { keys: Versions.map(({ Key = "" }) => Key), text: (await Promise.all(texts)).join("\n") };
}

/** The characters of base64 that a secret determines at each position in a text. */
function inBase64(secret: string): string[] {
  return [0, 1, 2].map((before) => {
    const bytes = Buffer.from("x".repeat(before) + secret);
    return bytes.toString("base64").slice(Math.ceil((8 * before) / 6), Math.floor((8 * bytes.length) / 6));
  });
}

const forms = (secret: string): string[] => [
  secret,
  Buffer.from(secret).toString("latin1"),
  ...inBase64(secret),
  ...inBase64(secret).map((form) => form.replaceAll("+", "-").replaceAll("/", "_")),
  JSON.stringify(secret).slice(1, -1),
  JSON.stringify(secret).slice(1, -1).replaceAll("/", "\\/"),
  JSON.stringify(secret).slice(1, -1).replaceAll("ü", "\\u00fc"),
  encodeURIComponent(secret),
  encodeURIComponent(secret).replaceAll("%2F", "/").replaceAll("'", "%27"),
  encodeURIComponent(secret).replace(/%../g, (hex) => hex.toLowerCase()),
];

/** A script that prints each secret in all of these forms, also in the middle of other text. */
const PRINT_FORMS = `python3 - <<'END'
import base64, json, os, urllib.parse as url
for secret in [os.environ["TOKEN"], os.environ["KEY"], *os.environ["KEY"].split("\\n")]:
    for text in (secret, "a" + secret + "b", "aa" + secret + "bb", "a: " + secret + " "):
        print(json.dumps(text), json.dumps(text, ensure_ascii=False), json.dumps(text).replace("/", "\\\\/"))
        print(url.quote(text), url.quote(text, safe=""), url.quote_plus(text))
        print(url.quote_plus(text).replace("%2B", "%2b").replace("%3D", "%3d").replace("%2F", "%2f").replace("%3A", "%3a"))
        print(base64.b64encode(text.encode()).decode(), base64.urlsafe_b64encode(text.encode()).decode().rstrip("="))
        print(base64.encodebytes(text.encode()).decode())
END`;

/** Collects what `everStored` returns until the step has ended, since it deletes its versions as soon as the job has started. */
async function watchStore(running: Promise<unknown>): Promise<{ keys: Set<string>; text: string }> {
  const keys = new Set<string>();
  const texts = new Set<string>();
  const over = running.then(
    () => true,
    () => true,
  );
  while (!(await Promise.race([over, sleep(50, false)]))) {
    // A version may be deleted while it is read.
    const stored = await everStored().catch(() => ({ keys: [], text: "" }));
    for (const key of stored.keys) keys.add(key);
    texts.add(stored.text);
  }
  return { keys, text: [...texts].join("\n") };
}

function expectNone(where: string, text: string): void {
  for (const secret of secrets) {
    for (const form of forms(secret))
      expect({ where, holds: text.includes(form) && form }).toEqual({ where, holds: false });
  }
}

it.each(
  everyNth(
    [
      ["with a bucket", true],
      ["without one", false],
    ] as const,
    2,
  ),
)("the value of a secret is nowhere but in the job, %s", async (_, staged) => {
  const { made } = aws.world;
  await aws.s3.send(
    new PutBucketVersioningCommand({ Bucket: made.bucket, VersioningConfiguration: { Status: "Enabled" } }),
  );
  // Prints it whole, line by line, in the middle of a line, in pieces, and to both streams.
  const run = [
    'printf "%s" "$TOKEN" | sha256sum | cut -d " " -f 1',
    'printf "%s" "$KEY" | sha256sum | cut -d " " -f 1',
    'echo "token is $TOKEN."; echo "$KEY"; echo "$TOKEN" >&2; printf "%s" "$KEY" >&2',
    'printf "%.9s" "$TOKEN"; sleep 0.4; printf "%s\\n" "${TOKEN#?????????}"',
    PRINT_FORMS,
    "sleep 0.5; echo done",
  ].join("\n");
  const inputs: Inputs = {
    ...aws.newTask(),
    cluster: made.loggedCluster,
    "keep-task": "always",
    secrets: "TOKEN\nKEY",
    workers: "2",
    run,
    ...(staged && { bucket: made.bucket }),
  };
  const running = aws.step(inputs, { env: { TOKEN: token, KEY: key }, secrets: [token, key] });
  const watchedStore = watchStore(running);
  const commandLines = await watchCommandLines(running);
  const result = await running;

  // The job had the secrets, since their checksums are right.
  expect(result.outputs["exit-code"]).toBe("0");
  for (const value of [token, key]) {
    const checksum = createHash("sha256").update(value).digest("hex");
    expect(jobLog(result).filter((line) => line.endsWith(checksum))).toHaveLength(2);
  }
  expect(jobLog(result)).toContain("[0] token is ***.");

  // The container's own output, before the runner has masked any of it.
  const own = result.rawLog.slice(result.rawLog.findIndex((line) => line.startsWith("::stop-commands::")));
  expect(own.length).toBeGreaterThan(10);
  expectNone("the job's output before masking", own.join("\n"));
  expectNone("the job log", [...result.log, ...(result.post?.log ?? [])].join("\n"));
  expectNone("the outputs", JSON.stringify(result.outputs) + Object.values(result.outputs).join("\n"));
  expectNone("the summary", result.summary);
  expectNone("the annotations", JSON.stringify(result.annotations));
  expectNone("the saved state", Object.values(result.state).join("\n"));

  const requests = JSON.stringify(aws.world.local.requests.map(({ operation, body }) => [operation, body]));
  expect(requests).toContain("ExecuteCommand");
  expectNone("the calls to AWS", requests);
  expectNone(
    "the calls' commands",
    aws
      .calls("ExecuteCommand")
      .map(({ body }) => (body as { command: string }).command)
      .join("\n"),
  );

  const { s3, cloudwatch } = await aws.transcripts(result);
  for (const text of [s3, cloudwatch]) expect(text).toContain("[0] token is ***.");
  expectNone("the transcript in S3", s3);
  expectNone("the transcript in CloudWatch", cloudwatch);
  const stored = await watchedStore;
  if (staged) expect([...stored.keys].some((name) => name.endsWith("/payload"))).toBe(true);
  expectNone("what S3 ever held", stored.text);

  expect(commandLines).toContain("dist/index.js");
  expect(commandLines).toContain("recorder.py");
  expectNone("the command lines during the run", commandLines);
});
