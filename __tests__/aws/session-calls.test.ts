import { kmsCalls } from "../../src/aws/kms.ts";
import { ssmCalls } from "../../src/aws/ssm.ts";
import { endpoint, exception, type Answer, type Endpoint } from "../helpers/aws-endpoint.ts";

let open: Endpoint;
afterEach(async () => {
  await open.close();
});

async function startEndpoint(answer: Answer) {
  open = await endpoint(() => answer);
  return { kms: kmsCalls(open.clients), ssm: ssmCalls(open.clients) };
}
const gone = exception("DoesNotExistException", "no such session");

it("asks KMS for a key for both directions, bound to the session", async () => {
  const { kms } = await startEndpoint({
    body: { Plaintext: "AQI=", CiphertextBlob: "AwQ=", KeyId: "arn:aws:kms:eu-west-1:123456789012:key/1" },
  });
  const key = await kms.generateDataKey("key-1", { "aws:ssm:SessionId": "s" });
  expect(key).toEqual({
    plaintext: Uint8Array.of(1, 2),
    ciphertext: Uint8Array.of(3, 4),
    keyArn: "arn:aws:kms:eu-west-1:123456789012:key/1",
  });
  expect(JSON.parse(open.received[0]?.body ?? "")).toEqual({
    KeyId: "key-1",
    NumberOfBytes: 64,
    EncryptionContext: { "aws:ssm:SessionId": "s" },
  });
});

it("names the right and the key when KMS denies", async () => {
  const { kms } = await startEndpoint(exception("AccessDeniedException", "no"));
  await expect(kms.generateDataKey("key-1", {})).rejects.toMatchObject({
    code: "access-denied",
    failed: "Access denied: the credentials have no right to kms:GenerateDataKey on key 'key-1'.",
  });
});

it.each(["Plaintext", "CiphertextBlob"])("an answer of KMS without %s is no data key", async (member) => {
  const whole = { KeyId: "arn:key", Plaintext: "AQI=", CiphertextBlob: "AwQ=" };
  const { kms } = await startEndpoint({ body: { ...whole, [member]: undefined } });
  const refused = kms.generateDataKey("key-1", {});
  await expect(refused).rejects.toMatchObject({
    code: "aws-error",
    failed: expect.stringContaining(`'${member}'`) as string,
  });
});

it("gets a new token for a session", async () => {
  const { ssm } = await startEndpoint({
    body: { SessionId: "s", TokenValue: "t2", StreamUrl: "wss://example" },
  });
  expect(await ssm.resumeSession("s")).toEqual({ sessionId: "s", streamUrl: "wss://example", token: "t2" });
});

it.each([
  ["without a token", { body: { SessionId: "s" } }],
  ["that SSM does not know", gone],
])("takes a session %s for gone", async (_, answer) => {
  const { ssm } = await startEndpoint(answer);
  expect(await ssm.resumeSession("s")).toBeUndefined();
});

it("counts a session that is gone as terminated", async () => {
  const { ssm } = await startEndpoint(gone);
  await expect(ssm.terminateSession("s")).resolves.toBeUndefined();
});
