import type { CallScope, Request, Right } from "./request.ts";

/**
 * The rights that a call of KMS, CloudWatch Logs, ECR, SSM, STS, IAM, EC2 or CloudFormation needs. For an operation without a case
 * below, the resource is `*`.
 */
export async function otherRights(
  { service, operation, body }: Request,
  scope: CallScope,
): Promise<readonly Right[]> {
  const text = (name: string): string => (typeof body[name] === "string" ? body[name] : "");
  const arn = (rest: string): string => `arn:aws:${service}:${scope.region}:${scope.accountId}:${rest}`;
  const on = (resource: string): readonly Right[] => [{ action: `${service}:${operation}`, resource }];
  if (service === "cloudformation") {
    const stack = text("StackName");
    return on(stack.startsWith("arn:") ? stack : arn(`stack/${stack || "*"}/*`));
  }
  switch (`${service}:${operation}`) {
    case "kms:GenerateDataKey":
    case "kms:Encrypt":
      return on(await keyArn(text("KeyId"), arn, scope));
    case "kms:Decrypt":
      return on(await keyArn(text("KeyId") || keyOf(text("CiphertextBlob")), arn, scope));
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
    case "ecr:DescribeImages": {
      const registry = text("registryId") || scope.accountId;
      return on(`arn:aws:ecr:${scope.region}:${registry}:repository/${text("repositoryName")}`);
    }
    case "iam:SimulatePrincipalPolicy":
      return on(text("PolicySourceArn"));
    case "sts:AssumeRole":
      return on(text("RoleArn"));
    default:
      return on("*");
  }
}

/** The ARN of a key, also of one given by an alias. IAM knows a key only by its ARN, so a statement on an alias does not cover its key. */
async function keyArn(reference: string, arn: (rest: string) => string, scope: CallScope): Promise<string> {
  const whole = reference.startsWith("arn:")
    ? reference
    : arn(reference.startsWith("alias/") ? reference : `key/${reference}`);
  const [alias] = /alias\/.+$/.exec(whole) ?? [];
  return (alias && (await scope.keyOfAlias(alias))) ?? whole;
}

/** moto begins a ciphertext with the id of its key. */
function keyOf(ciphertext: string): string {
  return Buffer.from(ciphertext, "base64").subarray(0, 36).toString("latin1");
}
