import { Failure } from "../errors.ts";

/** A member that AWS documents as part of every such answer. Fails with `aws-error` where it is missing or empty. */
export function told(value: string | undefined, member: string): string {
  if (value) return value;
  throw new Failure("aws-error", {
    failed: `An answer of AWS can't be used: it does not tell '${member}'.`,
    seen: "AWS documents that it always does.",
    advice:
      "Run the step again. If it repeats, see what stands between it and AWS: AWS_ENDPOINT_URL, or a proxy.",
  });
}
