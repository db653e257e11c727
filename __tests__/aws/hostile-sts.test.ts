import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { roleCredentials } from "../../src/aws/role.ts";
import { Connections } from "../../src/aws/connections.ts";
import { sdkServices } from "../../src/aws/sdk-services.ts";
import { systemClock } from "../../src/clock.ts";
import { Listener } from "../helpers/listener.ts";

const ARN = "arn:aws:iam::123456789012:role/x";
const REGION = "eu-west-1";
const LATER = new Date(Date.now() + 3_600_000).toISOString();
const servers: Server[] = [];
afterAll(() => {
  delete process.env["AWS_ENDPOINT_URL_STS"];
  for (const server of servers) server.close();
});

function keys({ id = "ASIAX", secret = "s", token = "t", expiration = LATER }): string {
  const members = `<AccessKeyId>${id}</AccessKeyId><SecretAccessKey>${secret}</SecretAccessKey><SessionToken>${token}</SessionToken>`;
  const credentials = `<Credentials>${members}<Expiration>${expiration}</Expiration></Credentials>`;
  const call = "AssumeRoleWithWebIdentity";
  return `<${call}Response><${call}Result>${credentials}</${call}Result></${call}Response>`;
}

/** Asks a host in the place of STS, which answers so. Resolves with the id of the key. */
async function ask(body: string, status = 200, headers: Readonly<Record<string, string>> = {}) {
  let asked = 0;
  const server = createServer((request, response) => {
    asked += 1;
    request.resume();
    response.writeHead(status, { "content-type": "text/xml", connection: "close", ...headers }).end(body);
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  process.env["AWS_ENDPOINT_URL_STS"] = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const source = roleCredentials({
    ...{ arn: ARN, sessionName: "s", region: REGION, clock: systemClock, log: new Listener() },
    idToken: () => Promise.resolve("a.b.c"),
  });
  const clients = sdkServices({
    ...{ region: REGION, signal: undefined, connections: undefined, throttledFor: undefined },
    ...{ credentials: source, clock: systemClock },
  });
  try {
    const { accessKeyId } = await clients.credentials();
    return { accessKeyId, asked };
  } finally {
    clients.destroy();
  }
}

it("keys are taken from an answer of the right form", async () => {
  expect(await ask(keys({}))).toEqual({ accessKeyId: "ASIAX", asked: 1 });
});

it.each([
  ["a line end in the id of a key", keys({ id: "ASIA&#10;X-Evil: 1" }), /characters that no keys/],
  ["a line end in a secret", keys({ secret: "s&#13;&#10;X: 1" }), /characters that no keys/],
  ["a line end in a token", keys({ token: "t&#13;&#10;X: 1" }), /characters that no keys/],
  ["invisible characters in a key", keys({ id: "ASIA\u2028" }), /characters that no keys/],
  ["an end of no form", keys({ expiration: "::error::x" }), /timestamp/],
  ["no end", keys({ expiration: "" }), /timestamp/],
  ["no keys", "<AssumeRoleWithWebIdentityResponse/>", /Invalid response/],
] as const)(
  "an answer of STS with %s is a failure of AWS, not a mistake of this action",
  async (_, body, seen) => {
    await expect(ask(body)).rejects.toMatchObject({
      code: "aws-error",
      seen: expect.stringMatching(seen) as string,
    });
  },
);

it("an answer in the place of STS that is no XML is not taken for one of AWS", async () => {
  await expect(ask("::error::hello")).rejects.toMatchObject({
    code: "aws-unreachable",
    seen: "HTTP 200, and not in the form of AWS's answers: ::error::hello",
  });
});

it("a call of STS without an answer ends with the connections of the step", async () => {
  const connections = new Connections(systemClock);
  let asked = 0;
  const server = createServer(() => {
    asked += 1;
    connections.close();
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  process.env["AWS_ENDPOINT_URL_STS"] = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const clients = sdkServices({
    ...{ region: REGION, signal: undefined, connections, throttledFor: undefined, clock: systemClock },
    credentials: roleCredentials({
      ...{ arn: ARN, sessionName: "s", region: REGION, clock: systemClock, log: new Listener() },
      idToken: () => Promise.resolve("a.b.c"),
    }),
  });
  await expect(clients.credentials()).rejects.toThrow("socket hang up");
  expect(asked).toBe(1);
});

it("an answer of STS that leads elsewhere is not followed", async () => {
  let isAsked = false;
  const elsewhere = createServer((_, response) => {
    isAsked = true;
    response.end(keys({}));
  });
  servers.push(elsewhere);
  await new Promise<void>((resolve) => elsewhere.listen(0, "127.0.0.1", resolve));
  const location = `http://127.0.0.1:${(elsewhere.address() as AddressInfo).port}/`;
  await expect(ask("", 302, { location })).rejects.toMatchObject({ code: "aws-error" });
  expect(isAsked).toBe(false);
});
