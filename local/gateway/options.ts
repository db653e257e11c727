import { directLink, type MakeLink } from "./link.ts";

/**
 * What the gateway does where AWS's own is not known, or can be either way. Times in milliseconds; undefined is
 * never. Limits hold for sessions and connections made after they were set, all else at once.
 */
export interface GatewayBehaviour {
  /** From output that no client hears to `pause_publication`. */
  readonly pauseAfter: number | undefined;
  /** What sends `channel_closed` to the client: the agent's Terminating, or the end of its task (after the uploads). */
  readonly closeOn: "terminating" | "task-complete";
  /** Whether the client hears of an agent that vanished with its task. */
  readonly announceLostAgent: boolean;
  /** What a client meets that comes after the end, of which no client has heard: the news, or a refusal. */
  readonly lateClient: "told" | "refused";
  /** Whether a token opens the channel more than once. */
  readonly reuseTokens: boolean;
  /**
   * What ResumeSession answers for a session of ECS Exec that lives: a token, an empty one, AccessDeniedException, or
   * DoesNotExistException, as it does for one that is unknown or over.
   */
  readonly resume: "token" | "empty" | "denied" | "unknown";
  /** Whether an upgrade is refused unless it has a valid SigV4 signature. */
  readonly requireSignature: boolean;
  /** Whether a signed upgrade is refused without the right `ssmmessages:OpenDataChannel`, on which AWS's pages differ. */
  readonly requireRight: boolean;
  /**
   * What a client meets that comes again over a URL that one was connected by: its session, or a socket that stands and
   * answers pings, and from which nothing reaches the agent. ResumeSession gives a URL that is not used.
   */
  readonly usedUrl: "good" | "deaf";
  /** How long a session may be idle, and which stream data counts as life. */
  readonly idleLimit: number | undefined;
  readonly idleResetBy: "input" | "output" | "either";
  /** How long any one connection of a client lives: then its socket is cut, and the session goes on. */
  readonly connectionLimit: number | undefined;
  /** How long any session lives, busy or not: then it is ended on both sides, without a text. */
  readonly lifeLimit: number | undefined;
  readonly link: MakeLink;
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
