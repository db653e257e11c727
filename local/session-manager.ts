import { AwsError } from "./aws-error.ts";
import type { Gateway } from "./gateway/gateway.ts";

/** Session Manager's part of SSM, as far as sessions of ECS Exec meet it; undefined for other operations. */
export function sessionManager(
  gateway: Gateway,
  at: { readonly url: string; readonly region: string; readonly accountId: string },
  operation: string,
  request: { SessionId?: string },
): object | undefined {
  const { SessionId = "" } = request;
  const unknown = (): AwsError =>
    new AwsError("DoesNotExistException", `Session with ID ${SessionId} does not exist`);
  if (operation === "ResumeSession") {
    if (gateway.behaviour.resume === "denied") throw denied(operation, SessionId, at);
    const TokenValue = gateway.resumeSession(SessionId);
    if (TokenValue === undefined) throw unknown();
    return {
      SessionId,
      TokenValue,
      StreamUrl: `${at.url}/v1/data-channel/${SessionId}?role=publish_subscribe`,
    };
  }
  if (operation === "TerminateSession") {
    if (!gateway.terminateSession(SessionId)) throw unknown();
    return { SessionId };
  }
  if (operation === "DescribeSessions") return { Sessions: [] };
  return undefined;
}

function denied(operation: string, sessionId: string, at: { region: string; accountId: string }): AwsError {
  const resource = `arn:aws:ssm:${at.region}:${at.accountId}:session/${sessionId}`;
  return new AwsError(
    "AccessDeniedException",
    `User: arn:aws:iam::${at.accountId}:user/local is not authorized to perform: ssm:${operation} on resource: ${resource} because no identity-based policy allows the ssm:${operation} action`,
  );
}
