/** Regular expressions of the names that the staging in S3 takes. */
export const BUCKET = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;
/**
 * The beginning of the keys, as the step uses it: empty, or with a slash at its end. Only safe characters, because a key stands in a shell
 * command and in a URL. curl removes `.` and `..` from the path of a presigned URL, which breaks its signature.
 */
export const PREFIX = /^(?![/])(?!(.*[/])?[.]{1,2}[/])([\w/!.-]{0,64}[/])?$/;
export const ACCOUNT = /^[0-9]{12}$/;
export const KMS_KEY =
  /^(arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:(key|alias)\/[\w/-]+|alias\/[\w/-]+|mrk-[0-9a-f]{32}|[0-9a-f-]{36})$/;
