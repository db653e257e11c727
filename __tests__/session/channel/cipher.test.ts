import { Cipher } from "../../../src/session/channel/cipher.ts";
import { systemClock } from "../../../src/clock.ts";
import { decode } from "../../../src/session/wire/message.ts";
import { readCapture } from "./captures.ts";
import { json, text } from "./frames.ts";

const capture = readCapture("kms");
const key = Buffer.from(capture.dataKeyPlaintextBase64 ?? "", "base64");
/** The same data key with its halves swapped, as the agent uses it. */
const agentKey = Buffer.concat([key.subarray(32), key.subarray(0, 32)]);
const ofType = (payloadType: number) =>
  capture.frames.map(({ bytes }) => decode(bytes)).find((message) => message.payloadType === payloadType);

describe("cipher", () => {
  it("opens what the real agent sealed", () => {
    expect(text(new Cipher(key, systemClock.random).open(ofType(1)?.payload ?? new Uint8Array()))).toBe(
      "hello\r\n",
    );
  });

  it("answers the real agent's challenge with the same challenge inside as the real plugin", () => {
    const challenge = json(ofType(8)) as { Challenge: string };
    const answer = json(ofType(9)) as { Challenge: string };
    const agent = new Cipher(agentKey, systemClock.random);
    const reply = Buffer.from(
      new Cipher(key, systemClock.random).answerChallenge(challenge.Challenge),
      "base64",
    );
    expect(text(agent.open(reply))).toBe(text(agent.open(Buffer.from(answer.Challenge, "base64"))));
  });

  it("seals with the client's half and a nonce of its own for each message", () => {
    const cipher = new Cipher(key, systemClock.random);
    const [one, two] = [cipher.seal(Buffer.from("same")), cipher.seal(Buffer.from("same"))];
    expect(one).toHaveLength(4 + 28);
    expect(Buffer.from(one).equals(two)).toBe(false);
    expect(text(new Cipher(agentKey, systemClock.random).open(one))).toBe("same");
    expect(() => cipher.open(one)).toThrow();
  });

  it.each([0, 1, 27])("refuses %i bytes as too few", (length) => {
    expect(() => new Cipher(key, systemClock.random).open(new Uint8Array(length))).toThrow(/too few/);
  });

  it.each([0, 12, 30])("refuses a message changed at byte %i", (index) => {
    const sealed = Buffer.from(new Cipher(agentKey, systemClock.random).seal(Buffer.from("payload")));
    sealed[index] = (sealed[index] ?? 0) ^ 1;
    expect(() => new Cipher(key, systemClock.random).open(sealed)).toThrow();
  });

  it.each([0, 32, 63, 65])("refuses a key of %i bytes", (length) => {
    expect(() => new Cipher(new Uint8Array(length), systemClock.random)).toThrow(
      `the data key has ${length} bytes, not 64`,
    );
  });
});
