import type { SessionTicket } from "./ecs.ts";
import type { AwsClients } from "./clients.ts";
import { attempt, isNamed } from "./failures.ts";

/** Our calls of Systems Manager, on the session that ExecuteCommand made. */
export interface Ssm {
  /** A new token for a session whose socket was lost; undefined where the session is gone. */
  resumeSession(sessionId: string): Promise<SessionTicket | undefined>;
  /** Kills what the session runs. A session that is gone already is no failure. */
  terminateSession(sessionId: string): Promise<void>;
}

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
  };
}
