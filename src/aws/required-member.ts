import { Failure } from "../errors.ts";

/**
 * Returns a member of an answer that AWS documents as part of every answer to its call. Fails with `aws-error` when it is missing or
 * empty.
 */
export function requireMember<T extends string | Uint8Array>(value: T | undefined, member: string): T {
  if (value !== undefined && value.length > 0) return value;
  throw new Failure("aws-error", {
    failed: `An answer of AWS can't be used: it has no '${member}'.`,
    seen: "AWS documents that it always has one.",
    advice:
      "Run it again. If this repeats, check AWS_ENDPOINT_URL, and any proxy between this machine and AWS.",
  });
}
