import type { IncomingMessage } from "node:http";
import { AwsError } from "../aws-error.ts";

/** The longest body of a JSON or query call. PutLogEvents takes 1 MiB (CloudWatch Logs quotas). */
const LONGEST_CALL = 2 * 2 ** 20;
/** The longest form, and the longest body that this server stores itself. */
export const LONGEST_FORM = 64 * 2 ** 20;

/** A request's whole body. It is read before anything shows who has sent it, so it is bounded. */
export async function readBody(request: IncomingMessage, most = LONGEST_CALL): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let length = 0;
  for await (const piece of request as AsyncIterable<Buffer>) {
    length += piece.length;
    if (length > most) throw new AwsError("EntityTooLarge", `The body is longer than ${most} bytes.`, 413);
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}
