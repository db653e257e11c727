import { createServer, type Server, type ServerResponse } from "node:http";
import {
  type AddressInfo,
  createServer as createTcpServer,
  type Server as TcpServer,
  type Socket,
} from "node:net";
import { boundedAnswer } from "../../src/aws/bounded-answer.ts";
import { requestText } from "../../src/aws/http.ts";
import { sdkServices as services } from "../../src/aws/sdk-services.ts";
import { TunnelAgent } from "../../src/aws/tunnel.ts";
import { systemClock } from "../../src/clock.ts";
import { getJson, requestIdToken } from "../../src/doors/github/id-token.ts";
import { SleeplessClock } from "../helpers/stepped-clock.ts";

const MIB = 1024 * 1024;
const ENDLESS = 1024 * MIB;
const QUICK = { silence: 2_000, whole: 300, bytes: MIB };
const role = { arn: "arn:aws:iam::123456789012:role/x", sessionName: "s" };
const servers: (Server | TcpServer)[] = [];
const sockets = new Set<Socket>();
afterAll(() => {
  for (const server of servers) server.close();
  for (const socket of sockets) socket.destroy();
});

/** Its URL. */
async function listen(server: Server | TcpServer): Promise<string> {
  servers.push(server.on("connection", (socket) => sockets.add(socket)));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

/** Each way in which a host can answer without an end. Returns how many bytes were taken of it. */
const ANSWERS = {
  "a body of a gigabyte": (response: ServerResponse, sent: (bytes: number) => void) => {
    const piece = Buffer.alloc(64 * 1024, "a");
    const go = (total: number): void => {
      if (response.destroyed || total >= ENDLESS) return;
      sent(piece.length);
      response.write(piece, () => setImmediate(go, total + piece.length));
    };
    go(0);
  },
  "a body byte by byte": (response: ServerResponse) => drip(response.socket, () => response.write("a")),
  "a header byte by byte": ({ socket }: ServerResponse) => {
    socket?.write("HTTP/1.1 200 OK\r\nx: ");
    drip(socket, () => socket?.write("a"));
  },
};

function drip(socket: Socket | null, write: () => void): void {
  const dripping = setInterval(write, 20);
  socket?.on("close", () => clearInterval(dripping)).on("error", () => undefined);
}

/** The URL of a host that answers each request in this way, how often it was asked, and how many bytes it has sent. */
async function aHost(answer: (typeof ANSWERS)[keyof typeof ANSWERS]) {
  const seen = { asked: 0, sent: 0, url: "" };
  const server = createServer((request, response) => {
    seen.asked += 1;
    request.resume();
    answer(response, (bytes) => (seen.sent += bytes));
  });
  seen.url = await listen(server);
  return seen;
}

it.each([
  ["a body byte by byte", "No whole answer within 0.3 s."],
  ["a header byte by byte", "No whole answer within 0.3 s."],
  ["a body of a gigabyte", "The answer has more than 1 MiB."],
] as const)("a request ends in time when the answer is %s", async (kind, why) => {
  const host = await aHost(ANSWERS[kind]);
  const asked = { method: "GET", headers: {}, agent: undefined } as const;
  await expect(
    requestText(new URL(host.url), asked, { ...QUICK, whole: kind.endsWith("gigabyte") ? 60_000 : 300 }),
  ).rejects.toThrow(why);
  expect(host.sent).toBeLessThan(32 * MIB);
});

it("GitHub's service for ID tokens can't fill the memory by its answer", async () => {
  const host = await aHost(ANSWERS["a body of a gigabyte"]);
  const env = { ACTIONS_ID_TOKEN_REQUEST_URL: host.url, ACTIONS_ID_TOKEN_REQUEST_TOKEN: "b" };
  const asking = requestIdToken("sts.amazonaws.com", { env, clock: new SleeplessClock(), getJson });
  await expect(asking).rejects.toMatchObject({
    code: "no-id-token",
    seen: expect.stringMatching(/could not be asked: The answer has more than 4 MiB\.$/) as string,
  });
  expect(host.sent).toBeLessThan(5 * 32 * MIB);
});

describe("the answer of STS", () => {
  afterEach(() => delete process.env["AWS_ENDPOINT_URL_STS"]);

  it("can't fill the memory", async () => {
    const host = await aHost(ANSWERS["a body of a gigabyte"]);
    process.env["AWS_ENDPOINT_URL_STS"] = host.url;
    const region = "eu-west-1";
    const clients = services({
      ...{ region, signal: undefined, connections: undefined, throttledFor: undefined },
      ...{ credentials: (assume) => () => assume({ ...role, region, token: "a.b.c" }), clock: systemClock },
    });
    await expect(clients.credentials()).rejects.toThrow("more than 1 MiB");
    clients.destroy();
    expect(host.sent).toBeLessThan(32 * MIB);
  });

  it.each(["a body byte by byte", "a header byte by byte"] as const)(
    "is given up in time when it is %s",
    async (kind) => {
      const host = await aHost(ANSWERS[kind]);
      process.env["AWS_ENDPOINT_URL_STS"] = host.url;
      const { fromWebToken } = await import("@aws-sdk/credential-provider-web-identity");
      const assume = fromWebToken({
        ...{ roleArn: role.arn, roleSessionName: role.sessionName, webIdentityToken: "a.b.c" },
        clientConfig: { region: "eu-west-1", maxAttempts: 1 },
        clientPlugins: [boundedAnswer({ whole: 300, bytes: MIB })],
      });
      await expect(assume()).rejects.toThrow("No whole answer within 0.3 s.");
    },
  );
});

describe("a proxy", () => {
  /** A proxy that answers CONNECT in this way. */
  async function through(answer: (socket: Socket) => void) {
    const server = createTcpServer((socket) => {
      socket.on("error", () => undefined).once("data", () => answer(socket));
    });
    const agent = new TunnelAgent(await listen(server), {}, 300);
    return requestText(new URL("https://sts.example/"), { method: "GET", headers: {}, agent });
  }

  it("can't fill the memory by the head of its answer to CONNECT", async () => {
    let sent = 0;
    const asking = through((socket) => {
      const header = `x: ${"a".repeat(1_000)}\r\n`;
      const go = (): void => {
        if (socket.destroyed || (sent += header.length) > ENDLESS) return;
        socket.write(header, () => setImmediate(go));
      };
      socket.write("HTTP/1.1 200 OK\r\n");
      go();
    });
    await expect(asking).rejects.toThrow(/Header overflow/);
    expect(sent).toBeLessThan(MIB);
  });

  it("has to open the tunnel in time, however it drips", async () => {
    const asking = through((socket) => {
      socket.write("HTTP/1.1 200 OK\r\nx: ");
      drip(socket, () => socket.write("a"));
    });
    await expect(asking).rejects.toThrow("The proxy opened no tunnel within 0.3 s.");
  });

  it("that leads elsewhere is not followed", async () => {
    const elsewhere = await aHost(ANSWERS["a body byte by byte"]);
    const answer = await through((socket) => {
      socket.write(`HTTP/1.1 302 Found\r\nLocation: ${elsewhere.url}\r\nContent-Length: 0\r\n\r\n`);
    });
    expect([answer, elsewhere.asked]).toEqual([{ status: 302, text: "" }, 0]);
  });

  it.each([
    ["that is no HTTP", "SSH-2.0-OpenSSH\r\n::error::x\r\n", /Parse Error/],
    ["with line ends in a header", "HTTP/1.1 200 OK\r\nx: a\n::error::x\r\n\r\n", /Parse Error/],
    ["and what is no TLS in the tunnel", "HTTP/1.1 200 OK\r\n\r\n::error::x HTTP/1.1 200 OK\r\n\r\n", /SSL/],
  ])("has its answer refused %s", async (_, answer, why) => {
    await expect(through((socket) => socket.write(answer))).rejects.toThrow(why);
  });

  it("that refuses is an answer with its status, and gets nothing of the request", async () => {
    let got = "";
    const answer = await through((socket) => {
      socket.on("data", (more) => (got += more.toString()));
      socket.write("HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 1000000000\r\n\r\nabc");
    });
    expect([answer, got]).toEqual([{ status: 407, text: "" }, ""]);
  });
});
