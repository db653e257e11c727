import { directLink, type MakeLink } from "./link.ts";

/**
 * What the gateway does where AWS's own is not known, or can be either way. Times in milliseconds; undefined is
 * never.
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
  /** Whether ResumeSession gives out tokens for a session of ECS Exec. */
  readonly resumable: boolean;
  /** Whether an upgrade without a SigV4 signature is refused. */
  readonly requireSignature: boolean;
  /** How long a session may be idle, and which stream data counts as life. */
  readonly idleLimit: number | undefined;
  readonly idleResetBy: "input" | "output" | "either";
  /** How long any one connection of a client lives. */
  readonly connectionLimit: number | undefined;
  readonly link: MakeLink;
}

const MINUTE = 60_000;

export const usualBehaviour: GatewayBehaviour = {
  pauseAfter: 10,
  closeOn: "terminating",
  announceLostAgent: false,
  lateClient: "told",
  reuseTokens: true,
  resumable: true,
  requireSignature: false,
  idleLimit: 20 * MINUTE,
  idleResetBy: "either",
  connectionLimit: undefined,
  link: directLink,
};
