import type { DescribeSessionsRequest, DescribeSessionsResponse, Session } from "@aws-sdk/client-ssm";
import { withinTime } from "../waiting.ts";
import type { AwsClients } from "./clients.ts";
import { attempt, isNamed } from "./failures.ts";
import { requireMember } from "./required-member.ts";

/** The calls of Systems Manager, on sessions that ExecuteCommand has made. */
export interface Ssm {
  /** A new token for a session whose connection was lost; undefined when the session is over. */
  resumeSession(sessionId: string): Promise<ResumedSession | undefined>;
  /** Ends the session and kills its command. A session that is over already is no failure. */
  terminateSession(sessionId: string): Promise<void>;
  /** The sessions with this target (`ecs:<cluster>_<task>_<runtime id>`) that have not ended, connected or not. */
  listActiveSessions(sessionTarget: string): Promise<readonly ActiveSession[]>;
  /** The active sessions of all targets of the region; undefined when one answer can't hold them all. */
  listAllActiveSessions(): Promise<readonly TargetedSession[] | undefined>;
  /** The active sessions, and the ended ones that began after `since` (milliseconds since the epoch). */
  listRecentSessions(sessionTarget: string, since: number): Promise<readonly RecentSession[]>;
}

export interface ResumedSession {
  readonly sessionId: string;
  /** Undefined when the session keeps its URL. */
  readonly streamUrl: string | undefined;
  readonly token: string;
}

export interface ActiveSession {
  readonly id: string;
  /** `Connecting`, `Connected`, `Disconnected` (it had a client and has none), `Terminating` and so on. */
  readonly status?: string;
  /** Milliseconds since the epoch. */
  readonly since: number | undefined;
}

export interface TargetedSession extends ActiveSession {
  /** Undefined when the service names none. */
  readonly sessionTarget: string | undefined;
}

export interface RecentSession extends ActiveSession {
  /** Milliseconds since the epoch; undefined for one that has not ended. */
  readonly ended: number | undefined;
  /** Whether a client is connected. */
  readonly connected: boolean;
}

interface SessionFilter {
  readonly key: "InvokedAfter";
  readonly value: string;
}

/**
 * The limit of one listing. In a VPC without an endpoint for SSM a request gets no answer, and the step has to report that
 * soon.
 */
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
          return { sessionId, streamUrl: answer.StreamUrl, token: answer.TokenValue };
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

    listActiveSessions: (sessionTarget) => listSessions(clients, sessionTarget, "Active"),

    listAllActiveSessions: () => listAllSessions(clients),

    listRecentSessions: async (sessionTarget, since) => {
      const [active, ended] = await Promise.all([
        listSessions(clients, sessionTarget, "Active"),
        listSessions(clients, sessionTarget, "History", {
          key: "InvokedAfter",
          // To the second, as in the API reference's example: 2018-08-29T00:00:00Z.
          value: `${new Date(since).toISOString().slice(0, 19)}Z`,
        }),
      ]);
      return [...active, ...ended];
    },
  };
}

async function listSessions(
  clients: AwsClients,
  sessionTarget: string,
  State: "Active" | "History",
  ...filters: readonly SessionFilter[]
): Promise<readonly RecentSession[]> {
  const Filters = [{ key: "Target" as const, value: sessionTarget }, ...filters];
  return await listWithinLimit(clients, `target '${sessionTarget}'`, async (ask) => {
    const found: RecentSession[] = [];
    let token: string | undefined;
    do {
      const answer = await ask({ State, Filters, ...(token !== undefined && { NextToken: token }) });
      const sessions = (answer.Sessions ?? []).filter((session) => mayBeOf(sessionTarget, session));
      found.push(...sessions.map((session) => sessionFrom(session, State)));
      token = answer.NextToken;
    } while (token);
    return found;
  });
}

/**
 * AWS documents the filter `Target` for instances only, and might pass over one that names a container. So a session that names another
 * container is left out here, too. One whose target has another form is kept: it may be this container by a name that is not known.
 */
function mayBeOf(sessionTarget: string, { Target }: Session): boolean {
  return Target === undefined || Target === sessionTarget || !/^ecs:.+_[^_]+_[^_]+$/.test(Target);
}

async function listAllSessions(clients: AwsClients): Promise<readonly TargetedSession[] | undefined> {
  return await listWithinLimit(clients, "the sessions of the region", async (ask) => {
    const { Sessions = [], NextToken } = await ask({ State: "Active" });
    if (NextToken) return undefined;
    return Sessions.map((session) => ({ ...sessionFrom(session, "Active"), sessionTarget: session.Target }));
  });
}

type Ask = (request: DescribeSessionsRequest) => Promise<DescribeSessionsResponse>;

/** The outcome of `list`, whose calls together have at most `LISTING_MS`. */
async function listWithinLimit<T>(
  clients: AwsClients,
  resource: string,
  list: (ask: Ask) => Promise<T>,
): Promise<T> {
  const { signal, region, clock } = clients;
  const about = { service: "ssm", action: "ssm:DescribeSessions", resource, region } as const;
  return await attempt(about, signal, async () => {
    const { DescribeSessionsCommand } = await import("@aws-sdk/client-ssm");
    const client = await clients.ssm();
    return await withinTime(LISTING_MS, clock, (limit) => {
      const abortSignal = signal ? AbortSignal.any([signal, limit]) : limit;
      return list((request) =>
        client.send(new DescribeSessionsCommand(request), { abortSignal }).catch((error: unknown) => {
          throw limit.aborted ? limit.reason : error;
        }),
      );
    });
  });
}

function sessionFrom(
  { SessionId, StartDate, EndDate, Status }: Session,
  state: "Active" | "History",
): RecentSession {
  return {
    id: requireMember(SessionId, "SessionId"),
    since: StartDate?.getTime(),
    ended: state === "History" ? EndDate?.getTime() : undefined,
    connected: state === "Active" && Status === "Connected",
    ...(Status !== undefined && { status: Status }),
  };
}
