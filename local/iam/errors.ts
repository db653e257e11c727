import { AwsError } from "../aws-error.ts";
import type { Refusal } from "./decide.ts";
import type { Access } from "./policy.ts";

/** The services whose errors are XML with a status of their own. All others answer in JSON, with 400. */
const isQuery = (service: string): boolean => ["sts", "iam", "ec2", "cloudformation"].includes(service);

/** A service's answer to a call without a right, in AWS's words. */
export function accessDenied(
  service: string,
  who: string,
  { action, resource }: Pick<Access, "action" | "resource">,
  why: Refusal,
): AwsError {
  const on = service === "s3" ? `"${resource}"` : resource;
  const end = why.startsWith("with") ? why : `${why} ${action} action`;
  // EC2 names no resource where a policy can only name `*`.
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

/** A service's answer to an unknown key. */
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

/** A service's answer to a signature that does not match the request. */
export function wrongSignature(service: string): AwsError {
  const message =
    "The request signature we calculated does not match the signature you provided. Check your " +
    (service === "s3"
      ? "key and signing method."
      : "AWS Secret Access Key and signing method. Consult the service documentation for details.");
  if (service === "s3" || isQuery(service)) return new AwsError("SignatureDoesNotMatch", message, 403);
  return new AwsError("InvalidSignatureException", message);
}

/** A service's answer to a signature that is too old, or from the future. */
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

/** The answer to an unsigned request of a service that requires a signature. */
export function notSigned(service: string): AwsError {
  const message = "Request is missing Authentication Token";
  if (isQuery(service)) return new AwsError("MissingAuthenticationToken", message, 403);
  return new AwsError("MissingAuthenticationTokenException", message);
}
