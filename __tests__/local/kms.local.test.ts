import { CloudWatchLogsClient, CreateLogGroupCommand } from "@aws-sdk/client-cloudwatch-logs";
import { CreateClusterCommand, type ExecuteCommandConfiguration } from "@aws-sdk/client-ecs";
import { GenerateDataKeyCommand, KMSClient } from "@aws-sdk/client-kms";
import { CreateBucketCommand, PutBucketEncryptionCommand, S3Client } from "@aws-sdk/client-s3";
import { setTimeout as sleep } from "node:timers/promises";
import type { Task } from "../../local/task/task.ts";
import { Cipher } from "../../src/session/channel/cipher.ts";
import { systemClock } from "../../src/clock.ts";
import { MessageType, PayloadType } from "../../src/session/wire/message.ts";
import { type Client, json } from "./agent/rig.ts";
import { execTask, sessionOf } from "./session-of.ts";
import { clientConfig, startWorld, type World } from "./with-local.ts";

let world: World;

beforeAll(async () => (world = await startWorld()));
afterEach(() => world.local.calm());
afterAll(() => world.local.stop());

/** Output messages of one payload type, each once, in the order of their arrival. */
function payloads(client: Client, payloadType: number): Buffer[] {
  const found = client
    .of(MessageType.output)
    .filter(({ message }) => message.payloadType === payloadType)
    .map(({ message }) => [message.sequenceNumber, Buffer.from(message.payload)] as const);
  return [...new Map(found).values()];
}

const processed = (ActionStatus: number, ActionResult: object | null, Error = ""): string =>
  JSON.stringify({
    ClientVersion: "1.2.764.0",
    ProcessedClientActions: [
      { ActionType: "SessionType", ActionStatus: 1, ActionResult: null, Error: "" },
      { ActionType: "KMSEncryption", ActionStatus, ActionResult, Error },
    ],
    Errors: null,
  });

async function waitForRequest(client: Client): Promise<void> {
  await client.until(() => payloads(client, PayloadType.handshakeRequest).length === 1);
}

/** The client's part of the handshake up to its response; `targetId` is the target in its encryption context. */
async function respond(client: Client, sessionId: string, targetId: string): Promise<Cipher> {
  await waitForRequest(client);
  const answer = await new KMSClient(clientConfig(world.local)).send(
    new GenerateDataKeyCommand({
      KeyId: world.made.kmsKeyId,
      NumberOfBytes: 64,
      EncryptionContext: { "aws:ssm:SessionId": sessionId, "aws:ssm:TargetId": targetId },
    }),
  );
  const KMSCipherTextKey = Buffer.from(answer.CiphertextBlob ?? []).toString("base64");
  client.send(processed(1, { KMSCipherTextKey }), PayloadType.handshakeResponse);
  return new Cipher(answer.Plaintext ?? new Uint8Array(), systemClock.random);
}

const targetOf = (task: Task): string =>
  `ecs:${world.made.kmsCluster}_${task.id}_${task.containers[0]?.runtimeId ?? ""}`;

describe("a session on a cluster with a KMS key", () => {
  let task: Task;
  let client: Client;
  beforeAll(async () => (task = await execTask(world, world.made.kmsCluster)));
  afterEach(() => client.socket.terminate());
  afterAll(() => task.destroy());

  async function start(command: string): Promise<string> {
    const session = await sessionOf(world, task, command);
    client = session.client;
    return session.sessionId;
  }

  it("is encrypted both ways, and its command starts after that only", async () => {
    const sessionId = await start(`sh -c 'stty -echo; echo ready; read -r a; echo "got $a"'`);
    await waitForRequest(client);
    expect(String(payloads(client, PayloadType.handshakeRequest)[0])).toContain(
      `"KMSKeyId":"${world.made.kmsKeyId}"`,
    );
    expect(client.of(MessageType.output)[0]?.message).toMatchObject({ sequenceNumber: 0, flags: 1 });
    client.send("too early\n");
    await client.until(() => client.acknowledged.length === 1);
    await sleep(100);
    expect(task.containers[0]?.processes().filter(({ command }) => command.includes("stty"))).toEqual([]);

    const cipher = await respond(client, sessionId, targetOf(task));
    await client.until(() => payloads(client, PayloadType.encChallengeRequest).length === 1);
    const challenge = JSON.parse(String(payloads(client, PayloadType.encChallengeRequest)[0])) as {
      Challenge: string;
    };
    client.send(
      JSON.stringify({ Challenge: cipher.answerChallenge(challenge.Challenge) }),
      PayloadType.encChallengeResponse,
    );
    await client.until(() => payloads(client, PayloadType.handshakeComplete).length === 1);
    const complete = payloads(client, PayloadType.handshakeComplete)[0]?.toString();
    expect(complete).toContain('"CustomerMessage":"This session is encrypted using AWS KMS."');

    const output = (): string =>
      payloads(client, PayloadType.output)
        .map((sealed) => Buffer.from(cipher.open(sealed)).toString())
        .join("");
    await client.until(() => output() === "ready\r\n");
    client.send(Buffer.from(cipher.seal(Buffer.from("hello\n"))));
    expect(await client.closed).toBe("");
    expect(output()).toBe("ready\r\ngot hello\r\n");
    const nonces = payloads(client, PayloadType.output).map((sealed) => sealed.readUInt32LE(0));
    expect(((nonces[1] ?? 0) - (nonces[0] ?? 0)) >>> 0).toBe(1);
  });

  const failed = "\n----------ERROR-------\nEncountered error while initiating handshake. ";

  it("fails when the client has no right to the key", async () => {
    await start("echo never");
    await waitForRequest(client);
    client.send(processed(2, null, "AccessDeniedException"), PayloadType.handshakeResponse);
    expect(await client.closed).toBe(
      `${failed}KMSEncryption failed on client with status 2 error: AccessDeniedException`,
    );
  });

  it.each<[string, () => Promise<void>, (task: Task) => string, string]>([
    [
      "the task role has no right to the key",
      () => world.local.inject({ decrypt: "denied" }),
      targetOf,
      "AccessDeniedException: User: ",
    ],
    [
      "the client takes the target for another",
      () => Promise.resolve(),
      () => "ecs:demo_other_other-1",
      "InvalidCiphertextException: ",
    ],
  ])("fails when %s", async (_name, prepare, target, text) => {
    await prepare();
    const sessionId = await start("echo never");
    await respond(client, sessionId, target(task));
    expect(await client.closed).toContain(
      `${failed}Fetching data key failed: Unable to retrieve data key, Error when decrypting data key ${text}`,
    );
  });
});

describe("a cluster whose logs must be encrypted", () => {
  const [plain, encrypted] = ["demo-plain", "demo-secret"];
  beforeAll(async () => {
    const config = clientConfig(world.local);
    const s3 = new S3Client(config);
    const logs = new CloudWatchLogsClient(config);
    const { kmsKeyId } = world.made;
    await logs.send(new CreateLogGroupCommand({ logGroupName: plain }));
    await logs.send(new CreateLogGroupCommand({ logGroupName: encrypted, kmsKeyId }));
    for (const Bucket of [plain, encrypted]) await s3.send(new CreateBucketCommand({ Bucket }));
    const Rules = [{ ApplyServerSideEncryptionByDefault: { SSEAlgorithm: "AES256" as const } }];
    const ServerSideEncryptionConfiguration = { Rules };
    await s3.send(new PutBucketEncryptionCommand({ Bucket: encrypted, ServerSideEncryptionConfiguration }));
  });

  type Log = NonNullable<ExecuteCommandConfiguration["logConfiguration"]>;
  const inGroup = (name: string): Log => ({
    cloudWatchLogGroupName: name,
    cloudWatchEncryptionEnabled: true,
  });
  const inBucket = (name: string): Log => ({ s3BucketName: name, s3EncryptionEnabled: true });
  const wantsGroup =
    "We couldn't start the session because encryption is not set up on the selected CloudWatch Logs log group.";

  it.each<[string, Log, string]>([
    ["refuses the session when the log group is not encrypted", inGroup(plain), wantsGroup],
    ["refuses the session when there is no log group", inGroup("nothing"), wantsGroup],
    [
      "refuses the session when the bucket is not encrypted",
      inBucket(plain),
      "Couldn't start the session because we are unable to validate encryption on Amazon S3 bucket. Error: ServerSideEncryptionConfigurationNotFoundError: ",
    ],
    ["starts the session when both are encrypted", { ...inGroup(encrypted), ...inBucket(encrypted) }, ""],
  ])("%s", async (name, logConfiguration, text) => {
    const clusterName = name.replaceAll(" ", "-");
    const executeCommandConfiguration = { logging: "OVERRIDE" as const, logConfiguration };
    const configuration = { executeCommandConfiguration };
    await world.ecs.send(new CreateClusterCommand({ clusterName, configuration }));
    const task = await execTask(world, clusterName);
    const { client } = await sessionOf(world, task, "echo started");
    const said = await client.closed;
    client.socket.terminate();
    await task.destroy();
    expect(said.slice(0, text.length || undefined)).toBe(text);
    expect(client.output).toBe(text === "" ? "started\r\n" : "");
    expect(json(client.frames.at(-1)?.message ?? fail())["Output"]).toBe(said);
  });
});

function fail(): never {
  throw new Error("no frame came");
}
