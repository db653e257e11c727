import { createHash, createHmac, randomBytes } from "node:crypto";
import { createServer, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { AwsError } from "../../local/aws-error.ts";
import { checkForm, readForm } from "../../local/iam/post-policy.ts";
import { until } from "./until.ts";

const BUCKET = "example-ci";
const SECRET = "example-secret";
const sha256 = (...parts: readonly (string | Buffer)[]): string =>
  parts.reduce((hash, part) => hash.update(part), createHash("sha256")).digest("hex");

/** What the bucket does with a request instead of what S3 does: answers with this error, or nothing at all. */
export type Fault = { readonly status: number; readonly code: string } | "silence" | "hang-up";

/** An object's header and body. */
export interface SealedObject {
  readonly kind: string;
  readonly number: number;
  readonly begin: number;
  readonly body: Buffer;
  readonly isAuthentic: boolean;
}

/** Names and keys of one order, as a runner chooses them. */
export class TestOrder {
  readonly job = randomBytes(16).toString("hex");
  readonly keys = [randomBytes(32).toString("hex"), randomBytes(32).toString("hex")] as const;
  readonly folder = `ci/output/${this.job}/`;
  readonly #opened = new WeakMap<Buffer, SealedObject>();

  seal(kind: string, number: number, begin: number, body: string | Buffer = "", job = this.job): Buffer {
    const data = Buffer.from(body);
    const facts = `${kind} ${number} ${begin} ${data.length}`;
    const mac = sha256(this.keys[1], sha256(this.keys[0], `fx1 ${job} ${facts}\n`, data));
    return Buffer.concat([Buffer.from(`fx1 ${facts} ${mac}\n`), data]);
  }

  open(object: Buffer): SealedObject {
    const known = this.#opened.get(object);
    if (known !== undefined) return known;
    const at = object.indexOf("\n") + 1;
    const [, kind = "", number = "", begin = "", length] = object.toString("latin1", 0, at).split(" ");
    const body = object.subarray(at);
    const same = this.seal(kind, Number(number), Number(begin), body).equals(object);
    const sealed: SealedObject = {
      kind,
      number: Number(number),
      begin: Number(begin),
      body,
      isAuthentic: same && Number(length) === body.length,
    };
    this.#opened.set(object, sealed);
    return sealed;
  }
}

interface AccessOptions {
  /** For how long the access is good. */
  readonly seconds?: number;
  /** The session token. */
  readonly token?: string;
}

/** A bucket on a port of its own that takes forms by S3's rules. The local Fargate's own code checks their policies. */
export class PieceBucket {
  readonly objects = new Map<string, Buffer>();
  /** Every body that a request had for a key, those that were refused among them. */
  readonly sent = new Map<string, Buffer[]>();
  readonly requests: { readonly method: string; readonly key: string; readonly at: number }[] = [];
  /** Decides what goes wrong. `after`: the object is stored all the same. */
  fault: (method: string, key: string) => Fault | { readonly after: Fault } | undefined = () => undefined;
  readonly #server: Server;
  readonly #origin: string;

  private constructor(server: Server, origin: string) {
    this.#server = server;
    this.#origin = origin;
  }

  /** With a certificate, which has to be that of `localhost`, it speaks HTTPS. */
  static async start(certificate?: { readonly key: Buffer; readonly cert: Buffer }): Promise<PieceBucket> {
    const server = certificate ? createTlsServer(certificate) : createServer();
    const bucket = new PieceBucket(server, certificate ? "https://localhost" : "http://127.0.0.1");
    server.on("request", (request, response) => {
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("end", () =>
        bucket.#answer(
          request.method ?? "",
          new URL(request.url ?? "", "http://x"),
          { type: request.headers["content-type"] ?? "", body: Buffer.concat(chunks) },
          response,
        ),
      );
    });
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    return bucket;
  }

  get url(): string {
    return `${this.#origin}:${(this.#server.address() as AddressInfo).port}/${BUCKET}`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((done) => this.#server.close(done));
  }

  /** The lines by which this order says where in the bucket the output goes. */
  access(order: TestOrder, options: AccessOptions = {}): string[] {
    const { fields, expires, query } = this.#sign(order, options);
    return [
      ...typedValue("url", this.url),
      ...fields.flatMap(([name, value]) => typedValue("field", value, `${name} `)),
      `post-until ${Math.floor(expires / 1000)}`,
      ...typedValue("control", `${this.url}/${order.folder}control`),
      `query ${query}`,
    ];
  }

  /** The lines of `control` that renew the signatures. */
  renewal(order: TestOrder, options: AccessOptions = {}): string[] {
    const { fields, expires, query } = this.#sign(order, options);
    const renewed = fields.map(([name, value]) => `field ${name} ${value}`).slice(1);
    return [...renewed, `post-until ${Math.floor(expires / 1000)}`, `query ${query}`];
  }

  #sign(order: TestOrder, { seconds = 3600, token = "" }: AccessOptions) {
    const expires = Date.now() + seconds * 1000;
    const date = new Date().toISOString().replace(/[-:]|\.\d+/g, "");
    const scope = `${date.slice(0, 8)}/eu-west-1/s3/aws4_request`;
    const fields: Record<string, string> = {
      "x-amz-algorithm": "AWS4-HMAC-SHA256",
      "x-amz-credential": `AKIDEXAMPLE/${scope}`,
      "x-amz-date": date,
      ...(token !== "" && { "x-amz-security-token": token }),
    };
    const policy = Buffer.from(
      JSON.stringify({
        expiration: new Date(expires).toISOString(),
        conditions: [
          { bucket: BUCKET },
          ["starts-with", "$key", order.folder],
          ["content-length-range", 1, 9 * 1024 * 1024],
          ...Object.entries(fields).map(([name, value]) => ({ [name]: value })),
        ],
      }),
    ).toString("base64");
    const key = scope
      .split("/")
      .reduce<Buffer>(
        (from, part) => createHmac("sha256", from).update(part).digest(),
        Buffer.from(`AWS4${SECRET}`),
      );
    const signature = createHmac("sha256", key).update(policy).digest("hex");
    const signed = { ...fields, policy, "x-amz-signature": signature };
    return { fields: Object.entries(signed), expires, query: `until=${expires}` };
  }

  /** The most bytes of a piece that is ordered. */
  largest = 8 << 20;

  /** What is typed to give this order. */
  typed(order: TestOrder, begin = 0, access = this.access(order)): Buffer {
    const how = [`begin ${begin}`, `largest ${this.largest}`];
    const lines = [`job ${order.job}`, `key ${order.keys.join(" ")}`, ...how];
    const all = [...lines, `folder ${order.folder}`, ...access, "."];
    return Buffer.from(all.map((line) => `s3 ${line}\n`).join(""));
  }

  /** What the runner writes for the container. */
  control(order: TestOrder, number: number, confirmed: number, lines: readonly string[] = []): void {
    const body = lines.map((line) => `${line}\n`).join("");
    this.objects.set(`${order.folder}control`, order.seal("control", number, confirmed, body));
  }

  /** The pieces of an order, in order, up to the first that is not there. */
  pieces(order: TestOrder): SealedObject[] {
    const found: SealedObject[] = [];
    for (;;) {
      const object = this.objects.get(`${order.folder}${found.length}`);
      if (object === undefined) return found;
      found.push(order.open(object));
    }
  }

  /** Resolves when there is a last piece. Fails when no further piece has come for a minute: a busy machine may take long for many. */
  async ended(order: TestOrder): Promise<SealedObject[]> {
    for (;;) {
      const found = this.pieces(order);
      if (found.at(-1)?.kind === "end") return found;
      await until(
        () => this.objects.has(`${order.folder}${found.length}`),
        () => JSON.stringify(found.map(({ kind, begin, body }) => [kind, begin, body.length])),
      );
    }
  }

  #answer(
    method: string,
    url: URL,
    { type, body }: { readonly type: string; readonly body: Buffer },
    response: ServerResponse,
  ): void {
    const path = url.pathname.slice(`/${BUCKET}/`.length);
    try {
      const form = method === "POST" ? readForm(type, body) : undefined;
      const key = form?.fields["key"] ?? path;
      this.requests.push({ method, key, at: Date.now() });
      if (form) this.sent.set(key, [...(this.sent.get(key) ?? []), form.file]);
      const fault = this.fault(method, key);
      const after = typeof fault === "object" && "after" in fault ? fault.after : undefined;
      if (fault !== undefined && after === undefined) {
        fail(fault as Fault, response);
        return;
      }
      if (form) {
        checkForm(form, { bucket: BUCKET, secret: SECRET, now: Date.now() });
        this.objects.set(key, form.file);
        if (after !== undefined) fail(after, response);
        else response.writeHead(204).end();
        return;
      }
      const object = this.objects.get(key);
      if (Number(url.searchParams.get("until") ?? Infinity) < Date.now())
        throw new AwsError("AccessDenied", "Request has expired", 403);
      if (object === undefined) throw new AwsError("NoSuchKey", "The specified key does not exist.", 404);
      response.writeHead(200).end(object);
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      refuse(error, response);
    }
  }
}

function fail(fault: Fault, response: ServerResponse): void {
  if (fault === "silence") return;
  if (fault === "hang-up") response.destroy();
  else refuse(new AwsError(fault.code, "As the test wants it.", fault.status), response);
}

/** Answers in chunks, as S3 does. */
function refuse(error: AwsError, response: ServerResponse): void {
  response.writeHead(error.status, { "transfer-encoding": "chunked" }).end(error.xml("s3"));
}

/** A value in as many lines as a terminal needs. */
function typedValue(word: string, value: string, name = ""): string[] {
  const parts = value.match(/.{1,3500}/g) ?? [""];
  return parts.map((part, at) => `${word}${at > 0 ? "+" : ""} ${name}${part}`);
}
