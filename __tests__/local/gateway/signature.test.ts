import { Sha256 } from "@aws-crypto/sha256-js";
import { SignatureV4 } from "@smithy/signature-v4";
import { once } from "node:events";
import WebSocket from "ws";
import { wrongSignature } from "../../../local/gateway/signature.ts";
import { GatewayRig } from "../agent/rig.ts";
import { signedByGo } from "../../helpers/signed-upgrade.ts";
import { inTime } from "../../helpers/until.ts";

const key = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY" };
const signers = {
  region: "us-east-1",
  secretOf: (id: string) => (id === key.accessKeyId ? key.secretAccessKey : undefined),
};
const now = Date.UTC(2026, 0, 2, 23, 58);

interface SigningOptions {
  readonly credentials?: { accessKeyId: string; secretAccessKey: string; sessionToken?: string };
  readonly service?: string;
  readonly region?: string;
  readonly at?: number;
  readonly presigned?: boolean;
}

/** Signs with AWS's own library. */
async function signRequest(
  text: string,
  signing: SigningOptions = {},
): Promise<{ url: URL; headers: Record<string, string> }> {
  const url = new URL(text);
  const signer = new SignatureV4({
    service: signing.service ?? "ssmmessages",
    region: signing.region ?? "us-east-1",
    credentials: signing.credentials ?? key,
    sha256: Sha256,
    applyChecksum: false,
  });
  const request = {
    method: "GET",
    protocol: url.protocol,
    hostname: url.hostname,
    path: url.pathname,
    query: Object.fromEntries(url.searchParams),
    headers: { host: url.host },
  };
  const signingDate = new Date(signing.at ?? now);
  if (signing.presigned !== true)
    return { url, headers: (await signer.sign(request, { signingDate })).headers };
  const { query = {} } = await signer.presign(request, { signingDate, expiresIn: 60 });
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, String(value));
  return { url: new URL(url.href.replaceAll("+", "%20")), headers: { host: url.host } };
}

const stream =
  "ws://127.0.0.1:1234/v1/data-channel/ecs-execute-command-x?role=publish_subscribe&cell-number=a%2Fb%2Bc%3D%3D";

it.each<[string, SigningOptions, string | undefined]>([
  ["the headers", {}, undefined],
  ["the headers, with a session token", { credentials: { ...key, sessionToken: "token" } }, undefined],
  ["the query", { presigned: true }, undefined],
  ["the headers, four minutes ago", { at: now - 4 * 60_000 }, undefined],
  ["the headers, six minutes ago", { at: now - 6 * 60_000 }, "the signature has expired"],
  ["the headers, six minutes too early", { at: now + 6 * 60_000 }, "the signature has expired"],
  ["a query that has expired", { presigned: true, at: now - 61_000 }, "the signature has expired"],
  [
    "the name of another service",
    { service: "ssm" },
    "the credential is not scoped to 'us-east-1/ssmmessages/aws4_request'",
  ],
  [
    "the name of another region",
    { region: "eu-west-1" },
    "the credential is not scoped to 'us-east-1/ssmmessages/aws4_request'",
  ],
  [
    "an unknown key",
    { credentials: { ...key, accessKeyId: "AKIDOTHER" } },
    "the security token included in the request is invalid",
  ],
  ["a wrong secret", { credentials: { ...key, secretAccessKey: "other" } }, "the signature does not match"],
  [
    "a wrong secret in the query",
    { presigned: true, credentials: { ...key, secretAccessKey: "other" } },
    "the signature does not match",
  ],
])("a request signed by %s gets the right verdict", async (_name, signing, verdict) => {
  const { url, headers } = await signRequest(stream, signing);
  expect(wrongSignature(headers, url, signers, now)).toBe(verdict);
});

it.each<[string, (url: URL, headers: Record<string, string>) => void, string]>([
  ["without a signature", (_url, headers) => delete headers["authorization"], "it is not signed"],
  ["with another query", (url) => (url.search += "&more=1"), "the signature does not match"],
  ["for another session", (url) => (url.pathname += "y"), "the signature does not match"],
  ["for another host", (_url, headers) => (headers["host"] = "elsewhere"), "the signature does not match"],
  [
    "with another date",
    (_url, headers) => (headers["x-amz-date"] = "20260101T000000Z"),
    "the date is missing or not the scope's",
  ],
  [
    "whose host is not signed",
    (_url, headers) =>
      (headers["authorization"] =
        headers["authorization"]?.replace("SignedHeaders=host;", "SignedHeaders=") ?? ""),
    "the host is not signed",
  ],
])("a request %s is refused", async (_name, change, verdict) => {
  const { url, headers } = await signRequest(stream);
  const lowered = Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]),
  );
  change(url, lowered);
  expect(wrongSignature(lowered, url, signers, now)).toBe(verdict);
});

it("a cell number in raw base64 is accepted as AWS's own signer for Go signs it", () => {
  const { url, now: at, ...vector } = signedByGo;
  const example = { region: "eu-west-1", secretOf: () => vector.secretAccessKey };
  for (const headers of vector.headers) {
    const sent = { host: new URL(url).host, ...headers };
    expect(wrongSignature(sent, new URL(url), example, Date.parse(at))).toBeUndefined();
    const rewritten = new URL(url.replaceAll("+", "%2B"));
    expect(wrongSignature(sent, rewritten, example, Date.parse(at))).toBe("the signature does not match");
  }
});

describe("a gateway that requires signatures", () => {
  let rig: GatewayRig;
  beforeAll(async () => (rig = await GatewayRig.start({ requireSignature: true }, { signers })));
  afterAll(() => rig.stop());

  it.each([
    ["takes", "AKIDEXAMPLE", "open"],
    ["refuses", "AKIDOTHER", "Unexpected server response: 403"],
  ])("%s the upgrade signed with %s", async (_name, accessKeyId, outcome) => {
    const { streamUrl } = rig.gateway.createSession();
    const { headers } = await signRequest(streamUrl, {
      at: Date.now(),
      credentials: { ...key, accessKeyId },
    });
    const socket = new WebSocket(streamUrl, { headers });
    const opened = once(socket, "open").then(
      () => "open",
      (error: unknown) => (error as Error).message,
    );
    const seen = await inTime("the gateway's answer", opened);
    socket.terminate();
    expect(seen).toBe(outcome);
  });
});
