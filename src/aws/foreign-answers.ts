/**
 * Answers of a server in the place of AWS: a proxy, a firewall, the page of a login. They come with any status, and say nothing of AWS's
 * policies.
 */
import { type Readable, pipeline, Transform } from "node:stream";
import type { SdkPlugin } from "./bounded-answer.ts";
import { clipText } from "../values.ts";

/** So much of an answer is kept for a message, in bytes. */
const KEPT_BYTES = 16 * 1024;

/** An answer as an SDK's error holds it in `$response`. */
export interface HeldAnswer {
  readonly headers?: Readonly<Record<string, string>>;
  /** The beginning of the body, as far as it was kept. */
  readonly beginning?: string;
}

/**
 * Makes a client keep the beginning of each answer that is no success or is a page. The SDK itself does not keep what it can't read.
 */
export const keptBeginnings: SdkPlugin = {
  applyToStack: (stack) =>
    // Between the SDK's parser of answers and the connection.
    stack.add(
      (next) => async (request) => {
        const result = (await next(request)) as { readonly response: KeptAnswer };
        keepBeginning(result.response);
        return result as never;
      },
      { step: "deserialize", priority: "low", name: "keptBeginnings" },
    ),
};

interface KeptAnswer {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Bytes when a command has read them for itself (`ecs-lookups.ts`). */
  body: Readable | Uint8Array;
  beginning?: string;
}

function keepBeginning(answer: KeptAnswer): void {
  if (answer.statusCode < 300 && !isPage(answer)) return;
  if (answer.body instanceof Uint8Array) {
    answer.beginning = Buffer.from(answer.body.subarray(0, KEPT_BYTES)).toString();
    return;
  }
  const kept: Buffer[] = [];
  let bytes = 0;
  const keep = new Transform({
    transform(piece: Buffer, _encoding, done) {
      if (bytes < KEPT_BYTES) kept.push(piece.subarray(0, KEPT_BYTES - bytes));
      bytes += piece.length;
      done(null, piece);
    },
    flush(done) {
      answer.beginning = Buffer.concat(kept).toString();
      done();
    },
  });
  // An error of the connection ends the reading of `keep`.
  answer.body = pipeline(answer.body, keep, () => undefined);
}

/** What is read of an error to tell whose answer it is. */
interface UnreadError {
  readonly name?: string;
  readonly message?: string;
  readonly $metadata?: { readonly httpStatusCode?: number; readonly requestId?: string };
  readonly $response?: HeldAnswer & { readonly body?: unknown };
}

/**
 * The first words of an answer in a form that AWS does not use, or "no words"; undefined for an error of AWS, and for one without an answer. An
 * answer with a request id is AWS's, and one without a body too, such as S3's to HEAD.
 */
export function foreignWords({
  name = "",
  message = "",
  $metadata,
  $response,
}: UnreadError): string | undefined {
  if ($response === undefined || $metadata?.httpStatusCode === undefined) return undefined;
  if ($metadata.requestId !== undefined) return undefined;
  const { beginning, body } = $response;
  const text = beginning ?? (typeof body === "string" ? body : "");
  const isUnread = name === "SyntaxError" || message.startsWith("@aws-sdk XML parse error");
  const isUnnamed = /^Unknown(Error)?$/.test(name) && (text !== "" || isPage($response));
  return isUnread || isUnnamed ? wordsOf(text) : undefined;
}

function isPage({ headers = {} }: HeldAnswer): boolean {
  return /^text\/html\b/i.test(headers["content-type"] ?? "");
}

/** The words of the beginning of a text or a page. */
function wordsOf(text: string): string {
  const words = text
    .slice(0, KEPT_BYTES)
    .replace(/<(style|script)\b[\s\S]*?<\/\1>/gi, " ")
    .replace(/<[^<>]*>/g, " ");
  return clipText(words.replace(/\s+/g, " ")) || "no words";
}
