import { AwsError } from "../aws-error.ts";
import type { Refusal } from "./decide.ts";
import type { Access } from "./policy.ts";

/** The services whose errors are XML with a status of their own; all others speak JSON, with 400. */
const isQuery = (service: string): boolean => ["sts", "iam", "ec2"].includes(service);

/** What a service answers to a call without a right, in AWS's words. */
export function accessDenied(
  service: string,
  who: string,
  { action, resource }: Pick<Access, "action" | "resource">,
  why: Refusal,
): AwsError {
  const on = service === "s3" ? `"${resource}"` : resource;
  const end = why.startsWith("with") ? why : `${why} ${action} action`;
  // EC2 names no resource where `*` is all that a policy can say.
  const where = service === "ec2" && resource === "*" ? "" : ` on resource: ${on}`;
  const message = `User: ${who} is not authorized to perform: ${action}${where} ${end}`;
  if (service === "ec2")
    return new AwsError(
      "UnauthorizedOperation",
      `You are not authorized to perform this operation. ${message}`,
      403,
    );
  if (service === "s3" || isQuery(service)) return new AwsError("AccessDenied", message, 403);
  return new AwsError("AccessDeniedException", message);
}

export const s3Denied = (message = "Access Denied"): AwsError => new AwsError("AccessDenied", message, 403);

/** To a key that nobody has. */
export function unknownKey(service: string): AwsError {
  if (service === "s3")
    return new AwsError(
      "InvalidAccessKeyId",
      "The AWS Access Key Id you provided does not exist in our records.",
      403,
    );
  if (service === "ec2")
    return new AwsError("AuthFailure", "AWS was not able to validate the provided access credentials", 401);
  const message = "The security token included in the request is invalid.";
  if (isQuery(service)) return new AwsError("InvalidClientTokenId", message, 403);
  return new AwsError("UnrecognizedClientException", message);
}

/** To a signature that is not the request's. */
export function wrongSignature(service: string): AwsError {
  const message =
    "The request signature we calculated does not match the signature you provided. Check your " +
    (service === "s3"
      ? "key and signing method."
      : "AWS Secret Access Key and signing method. Consult the service documentation for details.");
  if (service === "s3" || isQuery(service)) return new AwsError("SignatureDoesNotMatch", message, 403);
  return new AwsError("InvalidSignatureException", message);
}

/** To a signature that is too old, or of a time to come. */
export function wrongTime(service: string, presigned: boolean): AwsError {
  if (service === "s3")
    return presigned
      ? s3Denied("Request has expired")
      : new AwsError(
          "RequestTimeTooSkewed",
          "The difference between the request time and the current time is too large.",
          403,
        );
  const message = "Signature expired: the time of the signature is too far from the current time.";
  if (isQuery(service)) return new AwsError("SignatureDoesNotMatch", message, 403);
  return new AwsError("InvalidSignatureException", message);
}

/** To a request that is not signed at all, of a service that takes none such. */
export function notSigned(service: string): AwsError {
  const message = "Request is missing Authentication Token";
  if (isQuery(service)) return new AwsError("MissingAuthenticationToken", message, 403);
  return new AwsError("MissingAuthenticationTokenException", message);
}
