import type { Place, Request, Right } from "./request.ts";

/** The rights that a call of KMS, CloudWatch Logs, SSM, STS, IAM or EC2 needs; of what is not known here, on `*`. */
export async function otherRights(
  { service, operation, body }: Request,
  place: Place,
): Promise<readonly Right[]> {
  const text = (name: string): string => (typeof body[name] === "string" ? body[name] : "");
  const arn = (rest: string): string => `arn:aws:${service}:${place.region}:${place.accountId}:${rest}`;
  const on = (resource: string): readonly Right[] => [{ action: `${service}:${operation}`, resource }];
  switch (`${service}:${operation}`) {
    case "kms:GenerateDataKey":
    case "kms:Encrypt":
      return on(await keyArn(text("KeyId"), arn, place));
    case "kms:Decrypt":
      return on(await keyArn(text("KeyId") || keyOf(text("CiphertextBlob")), arn, place));
    case "ssm:ResumeSession":
    case "ssm:TerminateSession":
      return on(arn(`session/${text("SessionId")}`));
    case "logs:GetLogEvents":
    case "logs:PutLogEvents":
    case "logs:CreateLogStream":
      return on(arn(`log-group:${text("logGroupName")}:log-stream:${text("logStreamName")}`));
    case "logs:DescribeLogStreams":
    case "logs:FilterLogEvents":
      return on(arn(`log-group:${text("logGroupName")}:log-stream:`));
    case "iam:SimulatePrincipalPolicy":
      return on(text("PolicySourceArn"));
    // Of no right: "No permissions are required to perform this operation" (STS), or of the role's trust policy alone.
    case "sts:GetCallerIdentity":
    case "sts:AssumeRoleWithWebIdentity":
      return [];
    case "sts:AssumeRole":
      return on(text("RoleArn"));
    default:
      return on("*");
  }
}

/** IAM knows a key by its ARN alone: a statement on an alias says nothing of the key's use. */
async function keyArn(reference: string, arn: (rest: string) => string, place: Place): Promise<string> {
  const whole = reference.startsWith("arn:")
    ? reference
    : arn(reference.startsWith("alias/") ? reference : `key/${reference}`);
  const [alias] = /alias\/.+$/.exec(whole) ?? [];
  return (alias && (await place.keyOfAlias(alias))) ?? whole;
}

/** moto begins a ciphertext with the id of its key. */
function keyOf(ciphertext: string): string {
  return Buffer.from(ciphertext, "base64").subarray(0, 36).toString("latin1");
}
