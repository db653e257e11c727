import { AwsError } from "../aws-error.ts";
import { type Refusal, refusalClause } from "./decide.ts";
import type { Access } from "./policy.ts";

/**
 * Whether the service speaks the query protocol: its errors are XML, each with its own status. S3's errors are also XML; each function
 * below has a case for S3. All other services answer in JSON, with 400.
 */
const isQueryService = (service: string): boolean =>
  ["sts", "iam", "ec2", "cloudformation"].includes(service);

/** A service's answer to a call that the policies do not allow, in AWS's words. */
export function accessDenied(
  service: string,
  callerArn: string,
  { action, resource }: Pick<Access, "action" | "resource">,
  refusal: Refusal,
): AwsError {
  const shownResource = service === "s3" ? `"${resource}"` : resource;
  // EC2 leaves out the resource of an action that has none, which a policy can only allow on `*`.
  const resourceClause = service === "ec2" && resource === "*" ? "" : ` on resource: ${shownResource}`;
  const reason = refusalClause(refusal, action);
  const message = `User: ${callerArn} is not authorized to perform: ${action}${resourceClause} ${reason}`;
  if (service === "ec2")
    return new AwsError(
      "UnauthorizedOperation",
      `You are not authorized to perform this operation. ${message}`,
      403,
    );
  if (service === "s3" || isQueryService(service)) return new AwsError("AccessDenied", message, 403);
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
  if (isQueryService(service)) return new AwsError("InvalidClientTokenId", message, 403);
  return new AwsError("UnrecognizedClientException", message);
}

/** A service's answer to a signature that does not match the request. */
export function wrongSignature(service: string): AwsError {
  const message =
    "The request signature we calculated does not match the signature you provided. Check your " +
    (service === "s3"
      ? "key and signing method."
      : "AWS Secret Access Key and signing method. Consult the service documentation for details.");
  if (service === "s3" || isQueryService(service)) return new AwsError("SignatureDoesNotMatch", message, 403);
  return new AwsError("InvalidSignatureException", message);
}

/** A service's answer to a signature that does not cover the header `host`. A signature for another server would be valid here, too. */
export function hostNotSigned(service: string): AwsError {
  // aws/aws-sdk-java#1680
  if (service === "s3") return headersNotSigned();
  // aws/aws-sdk-php#2469
  const message = "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.";
  if (isQueryService(service)) return new AwsError("SignatureDoesNotMatch", message, 403);
  return new AwsError("InvalidSignatureException", message);
}

/** A service's answer to a signature whose time is too far in the past or the future. */
export function wrongSignatureTime(service: string, presigned: boolean): AwsError {
  if (service === "s3")
    return presigned
      ? s3Denied("Request has expired")
      : new AwsError(
          "RequestTimeTooSkewed",
          "The difference between the request time and the current time is too large.",
          403,
        );
  const message = "Signature expired: the time of the signature is too far from the current time.";
  if (isQueryService(service)) return new AwsError("SignatureDoesNotMatch", message, 403);
  return new AwsError("InvalidSignatureException", message);
}

/** The answer to an unsigned request to a service that requires a signature. */
export function missingSignature(service: string): AwsError {
  const message = "Request is missing Authentication Token";
  if (isQueryService(service)) return new AwsError("MissingAuthenticationToken", message, 403);
  return new AwsError("MissingAuthenticationTokenException", message);
}

/** S3's answer to a request that is signed in its headers, without the hash of its body. */
export const missingHash = (): AwsError =>
  new AwsError("InvalidRequest", "Missing required header for this request: x-amz-content-sha256");

/** The answer to a request with a header `x-amz-…` that its signature leaves out, in S3's words for all services. */
export const headersNotSigned = (): AwsError =>
  s3Denied("There were headers present in the request which were not signed");
