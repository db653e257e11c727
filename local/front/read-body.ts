import { createHash } from "node:crypto";
import { AwsError } from "../aws-error.ts";

/**
 * The longest body of a call that this server reads. PutLogEvents takes 1 MiB (CloudWatch Logs quotas), DeleteObjects 1,000 keys, a bucket's
 * policy has 20 KB.
 */
export const LONGEST_CALL = 2 * 2 ** 20;
/** The longest form. */
export const LONGEST_FORM = 64 * 2 ** 20;

/** A request's whole body. It is read before anything shows who has sent it, so it is bounded. */
export async function readBody(body: AsyncIterable<Buffer>, most = LONGEST_CALL): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let length = 0;
  for await (const piece of body) {
    length += piece.length;
    if (length > most) throw new AwsError("EntityTooLarge", `The body is longer than ${most} bytes.`, 413);
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}

/**
 * The body of a call of S3. When `declared`, its header `x-amz-content-sha256`, is a hash, the body's last piece comes only once all of it
 * has that hash; else this throws S3's answer. The other values of the header say that the signature does not cover the body, or covers it
 * piece by piece.
 */
export async function* withHash(body: AsyncIterable<Buffer>, declared: unknown): AsyncGenerator<Buffer> {
  if (typeof declared !== "string" || !/^[0-9a-f]{64}$/.test(declared)) {
    yield* body;
    return;
  }
  const hash = createHash("sha256");
  let held: Buffer | undefined;
  for await (const piece of body) {
    if (held !== undefined) yield held;
    hash.update(piece);
    held = piece;
  }
  if (hash.digest("hex") !== declared)
    throw new AwsError(
      "XAmzContentSHA256Mismatch",
      "The provided 'x-amz-content-sha256' header does not match what was computed.",
    );
  if (held !== undefined) yield held;
}

/** The body of a JSON call. AWS takes a member that is null for one that is missing. Throws AWS's answer to any other body. */
export function readCall(bytes: Buffer): Record<string, unknown> {
  return readJson(bytes, (_, value) => value ?? undefined);
}

/** A JSON object, of whose values `revive` makes others. Throws AWS's answer to any other body. */
export function readJson(
  bytes: Buffer,
  revive?: (name: string, value: unknown) => unknown,
): Record<string, unknown> {
  const body = parse(bytes, revive);
  if (typeof body !== "object" || body === null || Array.isArray(body))
    throw new AwsError("SerializationException", "The body is not a JSON object.");
  return body as Record<string, unknown>;
}

/** What the JSON says; undefined for any other text. */
function parse(bytes: Buffer, revive?: (name: string, value: unknown) => unknown): unknown {
  try {
    return JSON.parse(bytes.toString("utf8") || "{}", revive);
  } catch {
    return undefined;
  }
}
