import type { SessionTicket } from "./ecs.ts";
import type { AwsClients } from "./clients.ts";
import { attempt, isNamed } from "./failures.ts";

/** Our calls of Systems Manager, on the session that ExecuteCommand made. */
export interface Ssm {
  /** A new token for a session whose socket was lost; undefined where the session is gone. */
  resumeSession(sessionId: string): Promise<SessionTicket | undefined>;
  /** Kills what the session runs. A session that is gone already is no failure. */
  terminateSession(sessionId: string): Promise<void>;
  /** The sessions with this target (`ecs:<cluster>_<task>_<runtime id>`) that have not ended, connected or not. */
  activeSessions(target: string): Promise<readonly ActiveSession[]>;
}

export interface ActiveSession {
  readonly id: string;
  /** Milliseconds since the epoch. */
  readonly since: number | undefined;
}

/** Where there is no way to the service's endpoint, as in a VPC without one, that is to be told soon. */
const LISTING_MS = 8_000;

export function ssmCalls(clients: AwsClients): Ssm {
  const { signal, region } = clients;
  const options = signal ? { abortSignal: signal } : {};
  const call = (action: string, sessionId: string) =>
    ({ service: "ssm", action: `ssm:${action}`, resource: `session '${sessionId}'`, region }) as const;
  return {
    resumeSession: (sessionId) =>
      attempt(call("ResumeSession", sessionId), signal, async () => {
        const { ResumeSessionCommand } = await import("@aws-sdk/client-ssm");
        const client = await clients.ssm();
        try {
          const answer = await client.send(new ResumeSessionCommand({ SessionId: sessionId }), options);
          // An empty token is how the service says that the session timed out.
          if (!answer.TokenValue) return undefined;
          return { sessionId, streamUrl: answer.StreamUrl ?? "", token: answer.TokenValue };
        } catch (error) {
          if (isNamed(error, "DoesNotExistException")) return undefined;
          throw error;
        }
      }),

    terminateSession: (sessionId) =>
      attempt(call("TerminateSession", sessionId), signal, async () => {
        const { TerminateSessionCommand } = await import("@aws-sdk/client-ssm");
        const client = await clients.ssm();
        try {
          await client.send(new TerminateSessionCommand({ SessionId: sessionId }), options);
        } catch (error) {
          if (!isNamed(error, "DoesNotExistException")) throw error;
        }
      }),

    activeSessions: (target) => {
      const limit = AbortSignal.timeout(LISTING_MS);
      const about = {
        service: "ssm",
        action: "ssm:DescribeSessions",
        resource: `target '${target}'`,
        region,
      } as const;
      return attempt(about, signal, async () => {
        const { DescribeSessionsCommand } = await import("@aws-sdk/client-ssm");
        const client = await clients.ssm();
        const found: ActiveSession[] = [];
        let token: string | undefined;
        do {
          const request = {
            State: "Active" as const,
            Filters: [{ key: "Target" as const, value: target }],
            ...(token !== undefined && { NextToken: token }),
          };
          const abortSignal = signal ? AbortSignal.any([signal, limit]) : limit;
          const answer = await client
            .send(new DescribeSessionsCommand(request), { abortSignal })
            .catch((error: unknown) => {
              throw limit.aborted ? limit.reason : error;
            });
          for (const { SessionId = "", StartDate } of answer.Sessions ?? [])
            found.push({ id: SessionId, since: StartDate?.getTime() });
          token = answer.NextToken;
        } while (token);
        return found;
      });
    },
  };
}
