import { readFileSync } from "node:fs";
import { AgentCipher } from "../../../local/agent/cipher.ts";
import { Handshake, type HandshakeOptions } from "../../../local/agent/handshake.ts";
import { decode, MessageType, PayloadType } from "../../../src/session/wire/message.ts";
import { until } from "../../helpers/until.ts";

/** The conversation of a real agent with a real plugin. */
const about = JSON.parse(readFileSync(new URL("../../vectors/kms.json", import.meta.url), "utf8")) as {
  session: string;
  kmsKeyId: string;
  encryptionContext: Record<string, string>;
  dataKeyPlaintextBase64: string;
};
const captured = readFileSync(new URL("../../vectors/kms.jsonl", import.meta.url), "utf8")
  .trim()
  .split("\n")
  .map((line) => decode(Buffer.from((JSON.parse(line) as { hex: string }).hex, "hex")));
const payload = (payloadType: number): Buffer =>
  Buffer.from(
    captured.find((of) => of.payloadType === payloadType && of.messageType !== MessageType.acknowledge)
      ?.payload ?? [],
  );
const read = (bytes: Uint8Array): Record<string, unknown> =>
  JSON.parse(Buffer.from(bytes).toString()) as Record<string, unknown>;
const sealedIn = (payloadType: number): Buffer =>
  Buffer.from(String(read(payload(payloadType))["Challenge"]), "base64");
const dataKey = Buffer.from(about.dataKeyPlaintextBase64, "base64");
/** The data key with its halves exchanged, for the client's side. */
const client = new AgentCipher(Buffer.concat([dataKey.subarray(32), dataKey.subarray(0, 32)]));

describe("the agent's cipher", () => {
  it("seals as the real agent did, with the same key and nonce", () => {
    const output = payload(PayloadType.output);
    const again = new AgentCipher(dataKey, output.subarray(0, 12)).seal(Buffer.from("hello\r\n"));
    expect(again).toEqual(output);
  });

  it("opens what the real plugin sealed", () => {
    const agents = client.open(sealedIn(PayloadType.encChallengeRequest));
    expect(new AgentCipher(dataKey).open(sealedIn(PayloadType.encChallengeResponse))).toEqual(agents);
    expect(agents).toHaveLength(64);
  });

  it("counts its nonces up, with the lowest byte first", () => {
    const nonces = (first: string): string[] => {
      const cipher = new AgentCipher(dataKey, Buffer.from(first, "hex"));
      return [1, 2].map(() => cipher.seal(Buffer.from("x")).toString("hex", 0, 12));
    };
    expect(nonces("fe0000000000000000000000")[1]).toBe("ff0000000000000000000000");
    expect(nonces("ffff00000000000000000000")[1]).toBe("000001000000000000000000");
    expect(nonces("ffffffffffffffffffffffff")[1]).toBe("000000000000000000000000");
  });

  it.each([
    ["what is too short", Buffer.alloc(27)],
    ["what it sealed itself", new AgentCipher(dataKey).seal(Buffer.from("x"))],
  ])("does not open %s", (_name, sealed) => {
    expect(() => new AgentCipher(dataKey).open(sealed)).toThrow();
  });
});

describe("the agent's handshake", () => {
  const sent: { readonly type: number; readonly content: Record<string, unknown> }[] = [];
  const contexts: Record<string, string>[] = [];
  let encrypted: boolean;

  function start(more: Partial<HandshakeOptions> = {}): { handshake: Handshake; done: Promise<void> } {
    sent.length = contexts.length = 0;
    encrypted = false;
    const handshake = new Handshake({
      sessionId: about.session,
      sessionTarget: about.encryptionContext["aws:ssm:TargetId"] ?? "",
      kmsKeyId: about.kmsKeyId,
      decrypt: (_ciphertext, context) => {
        contexts.push(context);
        return Promise.resolve(dataKey);
      },
      send: (type, bytes) => sent.push({ type, content: read(bytes) }),
      encrypt: () => (encrypted = true),
      ...more,
    });
    const done = handshake.perform();
    done.catch(() => undefined);
    return { handshake, done };
  }
  const answer = (action: object): Buffer =>
    Buffer.from(
      JSON.stringify({
        ClientVersion: "1.2.764.0",
        ProcessedClientActions: [
          { ActionType: "SessionType", ActionStatus: 1, ActionResult: null, Error: "" },
          action,
        ],
        Errors: null,
      }),
    );
  const challengeOf = (at: number): Buffer => Buffer.from(String(sent[at]?.content["Challenge"]), "base64");
  const untilSent = (count: number): Promise<void> =>
    until(
      () => sent.length >= count,
      () => JSON.stringify(sent),
    );

  it("sends the real agent's request", () => {
    start();
    const real = read(payload(PayloadType.handshakeRequest));
    const withoutChallenge = (of: unknown): unknown =>
      JSON.parse(JSON.stringify(of).replace(/"Challenge":"[^"]{24}"/, '"Challenge":""'));
    expect(sent.map(({ type }) => type)).toEqual([PayloadType.handshakeRequest]);
    expect(JSON.stringify(withoutChallenge(sent[0]?.content))).toBe(JSON.stringify(withoutChallenge(real)));
  });

  it("accepts the real plugin's response, proves the key, and completes with the real agent's message", async () => {
    const { handshake, done } = start();
    await handshake.take(PayloadType.handshakeResponse, payload(PayloadType.handshakeResponse));
    await untilSent(2);
    expect(contexts).toEqual([about.encryptionContext]);
    expect(encrypted).toBe(true);
    const sealed = client.seal(client.open(challengeOf(1))).toString("base64");
    await handshake.take(
      PayloadType.encChallengeResponse,
      Buffer.from(JSON.stringify({ Challenge: sealed })),
    );
    await done;
    expect(sent.map(({ type }) => type)).toEqual([5, 8, 7]);
    expect(Object.keys(sent[2]?.content ?? {})).toEqual(
      Object.keys(read(payload(PayloadType.handshakeComplete))),
    );
    expect(sent[2]?.content["CustomerMessage"]).toBe("This session is encrypted using AWS KMS.");
    expect(Number.isInteger(sent[2]?.content["HandshakeTimeToComplete"])).toBe(true);
  });

  it("adds its challenge to the encryption context when the client has acknowledged it", async () => {
    const { handshake } = start({ requireChallenge: true });
    const actions = sent[0]?.content["RequestedClientActions"] as {
      ActionParameters: { Challenge?: string };
    }[];
    const ActionResult = { KMSCipherTextKey: "AAAA", ChallengeAcknowledgement: true };
    await handshake.take(
      PayloadType.handshakeResponse,
      answer({ ActionType: "KMSEncryption", ActionStatus: 1, ActionResult }),
    );
    expect(contexts[0]?.["aws:ssm:RandomChallenge"]).toBe(actions[1]?.ActionParameters.Challenge);
  });

  it.each<[string, object, Partial<HandshakeOptions>, string]>([
    [
      "without the right to the key",
      { ActionType: "KMSEncryption", ActionStatus: 2, ActionResult: null, Error: "no right" },
      {},
      "KMSEncryption failed on client with status 2 error: no right",
    ],
    [
      "without encryption",
      { ActionType: "KMSEncryption", ActionStatus: 3, ActionResult: null, Error: "" },
      {},
      "KMSEncryption failed on client with status 3 error: ",
    ],
    [
      "whose data key can't be decrypted",
      { ActionType: "KMSEncryption", ActionStatus: 1, ActionResult: { KMSCipherTextKey: "AAAA" } },
      { decrypt: () => Promise.reject(Object.assign(new Error("no"), { name: "AccessDeniedException" })) },
      "Fetching data key failed: Unable to retrieve data key, Error when decrypting data key AccessDeniedException: no",
    ],
    [
      "that leaves out the required challenge",
      { ActionType: "KMSEncryption", ActionStatus: 1, ActionResult: { KMSCipherTextKey: "AAAA" } },
      { requireChallenge: true },
      "client does not support required encryption context random challenge",
    ],
  ])("fails with a client %s", async (_name, action, more, text) => {
    const { handshake, done } = start(more);
    await handshake.take(PayloadType.handshakeResponse, answer(action));
    await expect(done).rejects.toThrow(text);
    expect(encrypted).toBe(false);
  });

  it("gives up when the client does not answer", async () => {
    await expect(start({ timeLimit: 20 }).done).rejects.toThrow(
      "Handshake timed out. Please ensure that you have the latest version of the session manager plugin.",
    );
  });

  it("leaves a wrong answer to its challenge unacknowledged, and gives up in time", async () => {
    const { handshake, done } = start({ timeLimit: 50 });
    await handshake.take(PayloadType.handshakeResponse, payload(PayloadType.handshakeResponse));
    await untilSent(2);
    const wrong = { Challenge: client.seal(Buffer.alloc(64)).toString("base64") };
    await expect(
      handshake.take(PayloadType.encChallengeResponse, Buffer.from(JSON.stringify(wrong))),
    ).rejects.toThrow("Encryption challenge does not match!");
    await expect(done).rejects.toThrow("Timed out waiting for encryption challenge.");
  });
});
