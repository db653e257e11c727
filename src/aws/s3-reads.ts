import type { Clock } from "../clock.ts";
import { isNamed } from "./failures.ts";
import { dateOf } from "./s3-date.ts";
import type { S3 } from "./s3.ts";
import { type S3Requester, objectMembers } from "./s3-requester.ts";
import { requireMember } from "./required-member.ts";

type ReadCalls = Pick<S3, "getObject" | "getVersion" | "checkBucket">;

/** The calls that change nothing. They end at a cancel. `askAcrossRegions` also reaches a bucket in another region. */
export function readCalls(
  { ask, askAcrossRegions }: Record<"ask" | "askAcrossRegions", S3Requester>,
  clock: Pick<Clock, "now">,
): ReadCalls {
  return {
    getObject: (object) =>
      askAcrossRegions("GetObject", object, async (client, { GetObjectCommand }, options) => {
        try {
          return bodyOf(await client.send(new GetObjectCommand(objectMembers(object)), options));
        } catch (error) {
          if (isNamed(error, "NoSuchKey", "NotFound")) return undefined;
          throw error;
        }
      }),

    getVersion: (object, limit, signal) =>
      ask("GetObject", object, async (client, { GetObjectCommand }, { abortSignal }) => {
        const ends = [signal, abortSignal].filter((each) => each !== undefined);
        const options = ends.length === 0 ? {} : { abortSignal: AbortSignal.any(ends) };
        try {
          const answer = await client.send(new GetObjectCommand(objectMembers(object)), options);
          const { ETag, LastModified, VersionId } = answer;
          const bytes = await upTo(limit, bodyOf(answer));
          const itsNow = dateOf(answer) ?? clock.now();
          const modified = LastModified?.getTime() ?? itsNow;
          return {
            bytes,
            etag: requireMember(ETag, "ETag"),
            versionId: VersionId,
            modified,
            age: itsNow - modified,
          };
        } catch (error) {
          if (isNamed(error, "NoSuchKey", "NotFound")) return undefined;
          throw error;
        }
      }),

    checkBucket: ({ bucket, owner }) =>
      ask("ListBucket", { bucket }, async (client, { HeadBucketCommand }, options) => {
        const request = { Bucket: bucket, ...(owner !== undefined && { ExpectedBucketOwner: owner }) };
        await client.send(new HeadBucketCommand(request), options);
      }),
  };
}

/** On Node the SDK's body is a Readable; its type also allows what browsers have. */
function bodyOf({ Body }: { readonly Body?: unknown }): AsyncIterable<Uint8Array> | undefined {
  return Body as AsyncIterable<Uint8Array> | undefined;
}

/** The bytes of a body; none of one with more than `limit` bytes, which is no object of ours and so not authentic. */
async function upTo(limit: number, body: AsyncIterable<Uint8Array> | undefined): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  for await (const piece of body ?? []) {
    length += piece.length;
    if (length > limit) return new Uint8Array();
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}
