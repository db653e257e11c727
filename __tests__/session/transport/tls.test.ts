import { execFile, execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import type { RequestListener } from "node:http";
import { createServer } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { channelClosed, output } from "../channel/frames.ts";
import { Proxy } from "../../helpers/proxy.ts";
import { later, startGateway, stopAll } from "../../helpers/session-rig.ts";

const CLIENT = fileURLToPath(new URL("tls-client.ts", import.meta.url));
const RENEWED = { sessionId: "ecs-execute-command-1", streamUrl: "wss://example.com/new", token: "renewed" };

let folder: string;
let tls: { key: Buffer; cert: Buffer };

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "fargate-exec-tls-"));
  const [key, cert] = [join(folder, "key.pem"), join(folder, "cert.pem")];
  execFileSync(
    "openssl",
    [
      ...[
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
        "-days",
        "2",
      ],
      ...[
        "-subj",
        "/CN=fargate-exec test",
        "-addext",
        "subjectAltName=DNS:localhost",
        "-keyout",
        key,
        "-out",
        cert,
      ],
    ],
    { stdio: "pipe" },
  );
  tls = { key: readFileSync(key), cert: readFileSync(cert) };
});
afterAll(() => rmSync(folder, { recursive: true }));
afterEach(stopAll);

/** The gateway and SSM's endpoint, both on one TLS port with a certificate that no authority has signed. */
async function startAws(): Promise<string> {
  const answer: RequestListener = (request, response) => {
    request.resume();
    response.setHeader("content-type", "application/x-amz-json-1.1");
    response.end(
      JSON.stringify({
        SessionId: RENEWED.sessionId,
        StreamUrl: RENEWED.streamUrl,
        TokenValue: RENEWED.token,
      }),
    );
  };
  const gateway = await startGateway({ server: createServer(tls, answer) });
  gateway.onOpening = (_token, client) => {
    client.send(output(0, "over TLS"));
    client.send(channelClosed(""));
  };
  return gateway.url.replace("127.0.0.1", "localhost");
}

async function startProxy(): Promise<Proxy> {
  const proxy = await Proxy.start("runner", "p@ss/word");
  later(() => proxy.stop());
  return proxy;
}

async function runClient(streamUrl: string, env: Record<string, string>): Promise<unknown> {
  const { stdout } = await promisify(execFile)(process.execPath, [CLIENT, streamUrl], {
    env: {
      PATH: process.env["PATH"],
      AWS_ACCESS_KEY_ID: "AKIDEXAMPLE",
      AWS_SECRET_ACCESS_KEY: "example-secret",
      AWS_ENDPOINT_URL_SSM: `https://${new URL(streamUrl).host}`,
      ...env,
    },
  });
  return JSON.parse(stdout);
}

const trusting = (): Record<string, string> => ({ NODE_EXTRA_CA_CERTS: join(folder, "cert.pem") });

describe("a session over TLS", () => {
  it("and the SDK's calls believe the certificate that NODE_EXTRA_CA_CERTS names", async () => {
    const url = await startAws();
    expect(await runClient(url, trusting())).toEqual({ session: { output: "over TLS" }, renewed: RENEWED });
  });

  it("fails without that variable, and the message names it", async () => {
    const url = await startAws();
    expect(await runClient(url, {})).toEqual({
      session: {
        code: "session-lost",
        message: expect.stringMatching(
          /certificate of localhost:\d+ is not trusted[^]*SELF_SIGNED[^]*NODE_EXTRA_CA_CERTS/,
        ) as string,
      },
      renewed: expect.objectContaining({ code: "aws-unreachable" }) as object,
    });
  });
});

describe("a session through a proxy that wants credentials", () => {
  it("is tunnelled, like the SDK's calls", async () => {
    const [url, proxy] = [await startAws(), await startProxy()];
    const env = { ...trusting(), HTTPS_PROXY: proxy.url("runner", "p@ss/word") };
    expect(await runClient(url, env)).toEqual({ session: { output: "over TLS" }, renewed: RENEWED });
    expect(proxy.tunnels.length).toBeGreaterThanOrEqual(2);
    expect(new Set(proxy.tunnels)).toEqual(new Set([new URL(url).host]));
  });

  it("goes past the proxy when NO_PROXY says so", async () => {
    const [url, proxy] = [await startAws(), await startProxy()];
    const env = { ...trusting(), HTTPS_PROXY: proxy.url("runner", "wrong"), NO_PROXY: "localhost" };
    expect(await runClient(url, env)).toEqual({ session: { output: "over TLS" }, renewed: RENEWED });
    expect(proxy.seen).toEqual([]);
  });

  it("fails with wrong credentials, and the message has the proxy's answer", async () => {
    const [url, proxy] = [await startAws(), await startProxy()];
    const env = { ...trusting(), HTTPS_PROXY: proxy.url("runner", "wrong") };
    expect(await runClient(url, env)).toMatchObject({
      session: {
        code: "session-lost",
        message: expect.stringMatching(/wants credentials[^]*HTTP 407[^]*HTTPS_PROXY/) as string,
      },
    });
    expect(proxy.tunnels).toEqual([]);
  });
});
