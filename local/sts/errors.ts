import { AwsError } from "../aws-error.ts";

/** A service's answer to an expired key, in the words of its protocol. */
export function expiredToken(service: string): AwsError {
  if (service === "s3") return new AwsError("ExpiredToken", "The provided token has expired.", 400);
  if (service === "ec2") return new AwsError("RequestExpired", "Request has expired.", 400);
  const message = "The security token included in the request is expired";
  return service === "sts" || service === "iam"
    ? new AwsError("ExpiredToken", message, 403)
    : new AwsError("ExpiredTokenException", message, 400);
}

/** A service's answer to a temporary key with another session's token, or without a token. */
export function wrongToken(service: string): AwsError {
  if (service === "s3")
    return new AwsError("InvalidToken", "The provided token is malformed or otherwise invalid.", 400);
  const message = "The security token included in the request is invalid.";
  if (service === "ec2")
    return new AwsError("AuthFailure", "AWS was not able to validate the provided access credentials", 401);
  return service === "sts" || service === "iam"
    ? new AwsError("InvalidClientTokenId", message, 403)
    : new AwsError("UnrecognizedClientException", message, 400);
}
