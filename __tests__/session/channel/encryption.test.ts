import { Channel } from "../../../src/session/channel/channel.ts";
import { type Encryption, encryptionOf } from "../../../src/session/channel/encryption.ts";
import { systemClock } from "../../../src/clock.ts";
import { MessageType } from "../../../src/session/wire/message.ts";
import { fromAgent, messages, output } from "./frames.ts";

const NOW = 1_700_000_000_000;
const KEY = Buffer.alloc(64, 7);

const encryptedWith = (kmsKeyId: string): Encryption => ({ kind: "required", kmsKeyId });

function openChannel(encryption: Encryption): Channel {
  const channel = new Channel(
    { sessionId: "ecs-execute-command-1", sessionTarget: "ecs:c_t_r", encryption },
    systemClock.random,
  );
  channel.open(NOW, "token");
  channel.takeFrames();
  return channel;
}

const inputs = (channel: Channel) =>
  messages(channel.takeFrames()).filter(({ messageType }) => messageType === MessageType.input);
const kinds = (channel: Channel) => channel.takeEvents().map(({ kind }) => kind);

it("a cluster's encryption is known only when the cluster may be described", () => {
  expect(encryptionOf(undefined)).toEqual({ kind: "unknown" });
  expect(encryptionOf({ kmsKeyId: undefined })).toEqual({ kind: "none" });
  expect(encryptionOf({ kmsKeyId: "alias/a" })).toEqual({ kind: "required", kmsKeyId: "alias/a" });
});

describe("channel, when the cluster is known", () => {
  const ARN = "arn:aws:kms:eu-west-1:123456789012:key/11111111-2222-3333-4444-555555555555";
  const ALIAS = "alias/sessions";
  const asks = (key: string): Uint8Array =>
    fromAgent(0, 5, {
      RequestedClientActions: [{ ActionType: "KMSEncryption", ActionParameters: { KMSKeyId: key } }],
    });
  const noKey = fromAgent(0, 5, { RequestedClientActions: [{ ActionType: "SessionType" }] });
  const dataKey = { plaintext: KEY, ciphertext: new Uint8Array(1), keyArn: ARN };

  it.each<[string, Encryption, Uint8Array[], RegExp]>([
    ["output in place of a handshake", encryptedWith(ARN), [output(0, "ready")], /sent output before/],
    ["a handshake without encryption", encryptedWith(ARN), [noKey], /handshake without encryption/],
    ["completion without a handshake", encryptedWith(ARN), [fromAgent(0, 7, {})], /before we had answered/],
    ["output in the handshake", encryptedWith(ARN), [asks(ARN), output(1, "ready")], /sent output before/],
    ["another key", encryptedWith(ARN), [asks(ARN.replace("1111", "9999"))], /not known to be the cluster's/],
    ["an alias for the key", encryptedWith(ARN), [asks(ALIAS)], /not known to be the cluster's/],
    ["a key, where there is none", { kind: "none" }, [asks(ARN)], /the cluster has no kmsKeyId/],
  ])("gives up on %s, and types nothing", (_name, encryption, frames, why) => {
    const channel = openChannel(encryption);
    channel.send(Buffer.from("secret"), NOW);
    for (const each of frames) channel.receive(each, NOW);
    expect(channel.takeEvents().at(-1)).toMatchObject({
      kind: "failed",
      why: expect.stringMatching(why) as string,
    });
    expect(inputs(channel)).toEqual([]);
  });

  it.each([
    ["its ARN", ARN, ARN],
    ["its ARN when the cluster names its ID", ARN.slice(-36), ARN],
    ["its ID", ARN, ARN.slice(-36)],
    ["the key of the cluster's alias", ALIAS, ARN],
    ["the cluster's alias", ALIAS, ALIAS],
    ["the ARN of the cluster's alias", ALIAS, ARN.replace(/key.*/, ALIAS)],
  ])(
    "asks KMS for the key by the cluster's name for it when the agent asks for %s",
    (_name, cluster, asked) => {
      const channel = openChannel(encryptedWith(cluster));
      channel.receive(asks(asked), NOW);
      expect(channel.takeEvents()).toMatchObject([{ kind: "data-key-wanted", keyId: cluster }]);
      channel.provideDataKey(dataKey, NOW);
      expect(inputs(channel).map(({ payloadType }) => payloadType)).toEqual([6]);
    },
  );

  it.each([
    ["another key than the cluster's alias stands for", ALIAS, ARN.replace("1111", "9999"), ARN],
    ["another alias", ALIAS, "alias/other", ARN],
    ["the same alias of another account", ALIAS, `arn:aws:kms:eu-west-1:999999999999:${ALIAS}`, ARN],
    ["the same key ID in another account", ARN.slice(-36), ARN.replace("123456789012", "999999999999"), ARN],
    ["a key whose ARN KMS does not tell", ALIAS, ARN, ""],
  ])("hands out no data key to an agent that asks for %s", (_name, cluster, asked, keyArn) => {
    const channel = openChannel(encryptedWith(cluster));
    channel.send(Buffer.from("secret"), NOW);
    channel.receive(asks(asked), NOW);
    channel.provideDataKey({ ...dataKey, keyArn }, NOW);
    expect(channel.takeEvents().at(-1)).toMatchObject({
      kind: "failed",
      why: expect.stringMatching(/not known to be the cluster's/) as string,
    });
    expect(inputs(channel)).toEqual([]);
  });

  it("types nothing to an agent that has not proven that it holds the data key", () => {
    const channel = openChannel(encryptedWith(ARN));
    channel.send(Buffer.from("secret"), NOW);
    channel.receive(asks(ARN), NOW);
    channel.provideDataKey(dataKey, NOW);
    channel.receive(fromAgent(1, 7, {}), NOW);
    expect(kinds(channel)).toEqual(["data-key-wanted", "failed"]);
    expect(inputs(channel).map(({ payloadType }) => payloadType)).toEqual([6]);
  });
});
