import { AwsError } from "./aws-error.ts";
import type { Gateway } from "./gateway/gateway.ts";

/** Answers SSM's operations on sessions of ECS Exec; undefined for other operations. */
export function sessionManager(
  gateway: Gateway,
  at: { readonly region: string; readonly accountId: string },
  operation: string,
  request: { SessionId?: string } & SessionQuery,
): object | undefined {
  const { SessionId = "" } = request;
  const unknown = (): AwsError =>
    new AwsError("DoesNotExistException", `Session with ID ${SessionId} does not exist`);
  if (operation === "ResumeSession") {
    if (gateway.behaviour.resume === "denied") throw accessDenied(operation, SessionId, at);
    const ticket = gateway.resumeSession(SessionId);
    if (ticket === undefined) throw unknown();
    return { SessionId, TokenValue: ticket.tokenValue, StreamUrl: ticket.streamUrl };
  }
  if (operation === "TerminateSession") {
    if (!gateway.terminateSession(SessionId)) throw unknown();
    return { SessionId };
  }
  if (operation === "DescribeSessions") return { Sessions: describeSessions(gateway, request, at) };
  return undefined;
}

interface SessionQuery {
  readonly State?: "Active" | "History";
  readonly Filters?: readonly { readonly key: string; readonly value: string }[];
}

/** The sessions that have ended (for the state `History`) or have not (otherwise), the newest first. */
function describeSessions(
  gateway: Gateway,
  { State, Filters = [] }: SessionQuery,
  at: { readonly accountId: string },
): object[] {
  const unknown = Filters.find(({ key }) => !["Target", "SessionId", "InvokedAfter"].includes(key));
  if (unknown !== undefined)
    throw new AwsError("InvalidFilterKey", `The local Fargate has no filter '${unknown.key}'.`);
  // The API reference has times to the second only, such as 2018-08-29T00:00:00Z. What AWS makes of others is not known.
  const time = Filters.find(({ key }) => key === "InvokedAfter")?.value;
  if (time !== undefined && !/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(time))
    throw new AwsError("InvalidFilterKey", `The filter InvokedAfter takes no time like '${time}'.`);
  return gateway.sessions
    .filter(({ ended }) => ended === (State === "History"))
    .filter((session) =>
      Filters.every(({ key, value }) => {
        if (key === "InvokedAfter") return session.createdAt > Date.parse(value);
        return value === (key === "Target" ? session.target : session.sessionId);
      }),
    )
    .toReversed()
    .map(({ sessionId, target, createdAt, endedAt, connected, connections, ended }) => ({
      SessionId: sessionId,
      Target: target,
      // A session is Disconnected when its client has gone. Before its first client it is Connecting.
      Status: ended
        ? "Terminated"
        : connected
          ? "Connected"
          : connections > 0
            ? "Disconnected"
            : "Connecting",
      // AWS's JSON has seconds.
      StartDate: createdAt / 1000,
      ...(endedAt !== undefined && { EndDate: endedAt / 1000 }),
      Owner: `arn:aws:iam::${at.accountId}:user/local`,
    }));
}

function accessDenied(
  operation: string,
  sessionId: string,
  at: { region: string; accountId: string },
): AwsError {
  const resource = `arn:aws:ssm:${at.region}:${at.accountId}:session/${sessionId}`;
  return new AwsError(
    "AccessDeniedException",
    `User: arn:aws:iam::${at.accountId}:user/local is not authorized to perform: ssm:${operation} on resource: ${resource} because no identity-based policy allows the ssm:${operation} action`,
  );
}
