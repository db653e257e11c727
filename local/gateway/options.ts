import { directLink, type LinkFactory } from "./link.ts";

/**
 * The gateway's behaviour when AWS's is unknown or varies. Times are in milliseconds; undefined means never. A limit
 * holds for the sessions and connections that are made after it was set. Everything else holds at once.
 */
export interface GatewayBehaviour {
  /** The time from output that has no client to `pause_publication`. */
  readonly pauseAfter: number | undefined;
  /**
   * The event that sends `channel_closed` to the client: the agent's Terminating, or its task's completion (after the
   * uploads).
   */
  readonly closeOn: "terminating" | "task-complete";
  /** Whether the client is told that the agent vanished with its task. */
  readonly announceLostAgent: boolean;
  /**
   * The answer to a client that connects after the session's end, when no client has been told of the end. `told`: it is told.
   * `refused`: its connection is refused.
   */
  readonly lateClient: "told" | "refused";
  /** Whether a token opens the channel more than once. */
  readonly reuseTokens: boolean;
  /**
   * ResumeSession's answer for an open session of ECS Exec: a token, an empty token, AccessDeniedException, or
   * DoesNotExistException, which is also its answer for a session that is unknown or over.
   */
  readonly resume: "token" | "empty" | "denied" | "unknown";
  /** Whether an upgrade is refused unless it has a valid SigV4 signature. */
  readonly requireSignature: boolean;
  /**
   * Whether a signed upgrade is refused when its signer lacks the right `ssmmessages:OpenDataChannel`. AWS's pages differ on whether
   * it is needed.
   */
  readonly requireRight: boolean;
  /**
   * What a client gets at a URL that was used before. `good`: its session. `deaf`: a socket that answers pings and carries nothing
   * to the agent. ResumeSession gives a new URL.
   */
  readonly usedUrl: "good" | "deaf";
  /** How long a session may be idle. */
  readonly idleLimit: number | undefined;
  /** Which stream data counts as activity. */
  readonly idleResetBy: "input" | "output" | "either";
  /** How long a connection of a client lives. Then its socket is cut, and the session goes on. */
  readonly connectionLimit: number | undefined;
  /** How long a session lives, busy or not. Then it ends on both sides, without a text. */
  readonly lifeLimit: number | undefined;
  readonly link: LinkFactory;
}

const MINUTE = 60_000;

export const usualBehaviour: GatewayBehaviour = {
  pauseAfter: 10,
  closeOn: "terminating",
  announceLostAgent: false,
  lateClient: "told",
  reuseTokens: true,
  resume: "token",
  requireSignature: false,
  requireRight: false,
  usedUrl: "good",
  idleLimit: 20 * MINUTE,
  idleResetBy: "either",
  connectionLimit: undefined,
  lifeLimit: undefined,
  link: directLink,
};
