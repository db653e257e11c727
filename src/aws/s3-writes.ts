import { attempts, isNamed } from "./failures.ts";
import type { S3, WriteOptions } from "./s3.ts";
import { type S3Requester, objectMembers } from "./s3-requester.ts";
import { requireMember } from "./required-member.ts";

/** Another request is changing the object at the same time. AWS asks to repeat this one. */
const CONFLICT = "ConditionalRequestConflict";
/** The most tries of a write that meets such a conflict. They follow each other without a pause. */
const MOST_TRIES = 20;

/** The calls that write an object. A cancel cuts `ask` short, but not `finish`. */
export function writeCalls(ask: S3Requester, finish: S3Requester): Pick<S3, "putObject" | "putIf"> {
  return {
    putObject: (object, bytes, how = {}) =>
      ask("PutObject", object, async (client, { PutObjectCommand }, options) => {
        const request = { ...objectMembers(object), Body: bytes, ...encryption(how) };
        const answer = await client.send(new PutObjectCommand(request), options);
        return {
          ...(answer.ETag !== undefined && { etag: answer.ETag }),
          ...(answer.VersionId !== undefined && { versionId: answer.VersionId }),
          ...(attempts(answer) > 1 && { repeated: true as const }),
        };
      }),

    putIf: (object, bytes, expected, how = {}) =>
      finish("PutObject", object, async (client, { PutObjectCommand }, options) => {
        const request = {
          ...objectMembers(object),
          Body: bytes,
          ...(expected === "absent" ? { IfNoneMatch: "*" } : { IfMatch: expected.etag }),
          ...encryption(how),
        };
        for (let tries = 1; ; tries += 1) {
          try {
            const { ETag, VersionId } = await client.send(new PutObjectCommand(request), options);
            return { etag: requireMember(ETag, "ETag"), versionId: VersionId };
          } catch (error) {
            const isConflict = isNamed(error, CONFLICT);
            if (!isConflict && isOtherwise(error)) return undefined;
            if (!isConflict || tries === MOST_TRIES) throw error;
          }
        }
      }),
  };
}

/** True when the object is not as a conditional request expects, or another request is changing it. */
export function isOtherwise(error: unknown): boolean {
  return isNamed(error, "PreconditionFailed", CONFLICT, "NoSuchKey", "NotFound");
}

function encryption({ kmsKeyId }: WriteOptions) {
  return kmsKeyId === undefined ? {} : ({ ServerSideEncryption: "aws:kms", SSEKMSKeyId: kmsKeyId } as const);
}
