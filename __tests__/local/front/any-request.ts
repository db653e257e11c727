import { once } from "node:events";
import { connect } from "node:net";
import { buffer } from "node:stream/consumers";
import fc from "fast-check";

/** The bytes of a request, and its parts for a person to read. */
export interface RawRequest {
  readonly method: string;
  readonly target: string;
  readonly headers: readonly string[];
  readonly body: string;
}

const some = <T>(...values: readonly T[]): fc.Arbitrary<T> => fc.constantFrom(...values);

const METHODS = ["GET", "HEAD", "PUT", "POST", "DELETE", "OPTIONS", "PATCH", "TRACE", "PROPFIND", "CONNECT"];

/** Pieces of paths and queries: what is malformed, what could be read in two ways, and names that mean something to this server. */
const PIECES = [
  ...[
    "/",
    "//",
    "\\",
    "%",
    "%z",
    "%zz",
    "%00",
    "%0a",
    "%2e%2e",
    "%2F",
    "%ff",
    "%c3%28",
    "%ed%a0%80",
    "é",
    "\x7f",
  ],
  ...[
    "..",
    ".",
    "#",
    "*",
    "@",
    ":",
    "+",
    ";",
    "?",
    "&",
    "=",
    "a",
    "demo",
    "moto-api",
    "v4",
    "v2/credentials",
  ],
  ...["_local/faults", "_local/id-token", "v1/data-channel/", "delete", "policy", "uploads", "uploadId=%zz"],
  ...[
    "location",
    "X-Amz-Algorithm=AWS4-HMAC-SHA256",
    "X-Amz-Expires=-1e999",
    "X-Amz-Credential=%zz/20260101/",
  ],
];
const path = fc.array(some(...PIECES), { maxLength: 8 }).map((pieces) => pieces.join(""));
const target = fc.oneof(
  { weight: 8, arbitrary: path.map((rest) => `/${rest}`) },
  { weight: 4, arbitrary: path.map((rest) => `/demo/${rest}`) },
  { weight: 1, arbitrary: path },
  some("*", "http://127.0.0.1/x", "http://[::1", "//demo", "127.0.0.1:80", `/?${"x=%&".repeat(3_000)}`),
);

const CREDENTIAL = "AKIA/20260101/us-east-1/s3/aws4_request";
const HEADERS = [
  ...["ecs.RunTask", "Logs_20140328.PutLogEvents", ".", "", "__proto__"].map((x) => `x-amz-target: ${x}`),
  ...[
    "application/x-amz-json-1.1",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
  ].map((type) => `content-type: ${type}`),
  `authorization: AWS4-HMAC-SHA256 Credential=${CREDENTIAL}, SignedHeaders=host, Signature=zz`,
  "authorization: AWS4-HMAC-SHA256 Credential=/, SignedHeaders=;;;, Signature=",
  ...[
    "authorization: Bearer ",
    "authorization: ",
    "x-amz-date: 99999999T999999Z",
    "x-amz-content-sha256: zz",
  ],
  ...[
    "x-amz-copy-source: /demo/%zz",
    "x-amz-copy-source: %00",
    "if-match: %",
    "range: bytes=9-1",
    "expect: x",
  ],
  ...["expect: 100-continue", "connection: upgrade\r\nupgrade: websocket", "x-amz-security-token: é"],
  ...["x-amz-expected-bucket-owner: \x7f", "x-amz-server-side-encryption-aws-kms-key-id: arn:", "host: [::1"],
];

const BODIES = [
  ...["", "{", "null", "[]", "5", '{"__proto__":null}', "Action=%zz&Action=", "\0\xff", "[".repeat(50_000)],
  ...[
    `${'{"a":'.repeat(50_000)}1${"}".repeat(50_000)}`,
    "Action=AssumeRoleWithWebIdentity&DurationSeconds=x",
  ],
  "Action=AssumeRoleWithWebIdentity&WebIdentityToken=e30.e30.x&RoleArn=%00",
  `<Delete><Object><Key>${"a&amp;".repeat(100_000)}</Key></Object></Delete>`,
  '--x\r\nContent-Disposition: form-data; name="file"\r\n\r\n\r\n--x--\r\n',
  '--x\r\nContent-Disposition: form-data; name="policy"\r\n\r\nzz\r\n--x\r\nContent-Disposition: form-data; name="x-amz-credential"\r\n\r\na/b/c/d/e\r\n--x\r\nContent-Disposition: form-data; name="file"\r\n\r\n\r\n--x--\r\n',
];

/** A request of somebody without a key, who may send any bytes. */
export const anyRequest: fc.Arbitrary<RawRequest> = fc.record({
  method: some(...METHODS),
  target,
  headers: fc.uniqueArray(some(...HEADERS), { maxLength: 4 }),
  body: some(...BODIES),
});

/** Sends a request over a connection of its own. The answer is all bytes up to the end of the connection, and empty when it is reset. */
export async function sendRaw(host: string, { method, target, headers, body }: RawRequest): Promise<string> {
  const [name, port] = host.split(":");
  const socket = connect(Number(port), name);
  const answer = buffer(socket).catch(() => Buffer.alloc(0));
  const bytes = Buffer.from(body, "latin1");
  const lines = [`host: ${host}`, `content-length: ${bytes.length}`, "connection: close", ...headers];
  await once(socket, "connect");
  socket.write(Buffer.from(`${method} ${target} HTTP/1.1\r\n${lines.join("\r\n")}\r\n\r\n`, "latin1"));
  socket.write(bytes);
  return (await answer).toString("latin1");
}
