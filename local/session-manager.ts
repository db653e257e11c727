import { AwsError } from "./aws-error.ts";
import type { Gateway } from "./gateway/gateway.ts";

/** Session Manager's part of SSM, as far as sessions of ECS Exec meet it; undefined for other operations. */
export function sessionManager(
  gateway: Gateway,
  baseUrl: string,
  operation: string,
  request: { SessionId?: string },
): object | undefined {
  const { SessionId = "" } = request;
  const unknown = (): AwsError =>
    new AwsError("DoesNotExistException", `Session with ID ${SessionId} does not exist`);
  if (operation === "ResumeSession") {
    const TokenValue = gateway.resumeSession(SessionId);
    if (TokenValue === undefined) throw unknown();
    return {
      SessionId,
      TokenValue,
      StreamUrl: `${baseUrl}/v1/data-channel/${SessionId}?role=publish_subscribe`,
    };
  }
  if (operation === "TerminateSession") {
    if (!gateway.terminateSession(SessionId)) throw unknown();
    return { SessionId };
  }
  if (operation === "DescribeSessions") return { Sessions: [] };
  return undefined;
}
