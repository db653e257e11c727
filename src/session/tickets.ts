import type { SessionTicket } from "../aws/ecs.ts";
import { Failure } from "../errors.ts";
import type { Log } from "../log.ts";

export type Way =
  /** `how` finishes "connecting …". */
  | { readonly kind: "ticket"; readonly how: string; readonly ticket: SessionTicket }
  /** The session is over. */
  | { readonly kind: "gone" };

export interface TicketsOptions {
  readonly first: SessionTicket;
  readonly log: Log;
  /** ResumeSession: a new token, or undefined for a session that is over. */
  readonly resume: (() => Promise<SessionTicket | undefined>) | undefined;
}

/**
 * The ways back into a session whose connection was cut, best first: the token it had, then a new one of
 * ResumeSession, with the session's URL as session-manager-plugin does, then with the URL that came with it.
 */
export class Tickets {
  readonly #log: Log;
  #resume: TicketsOptions["resume"];
  #held: SessionTicket;
  #ways: Way[] = [];
  /** Why there were no new tokens since `restart`. */
  #refusals: string[] = [];

  constructor({ first, log, resume }: TicketsOptions) {
    this.#held = first;
    this.#log = log;
    this.#resume = resume;
  }

  get refusals(): readonly string[] {
    return this.#refusals;
  }

  /** The connection was cut (again). */
  restart(): void {
    this.#ways = [this.#same()];
    this.#refusals = [];
  }

  /** Never rejects: where there is no new token, the one that is held is tried again. */
  async next(): Promise<Way> {
    return this.#ways.shift() ?? (await this.#renew()) ?? this.#same();
  }

  /** This one let us in. */
  keep(ticket: SessionTicket): void {
    this.#held = ticket;
  }

  async #renew(): Promise<Way | undefined> {
    if (!this.#resume) return undefined;
    const { sessionId, streamUrl } = this.#held;
    try {
      const renewed = await this.#resume();
      if (!renewed?.token) return { kind: "gone" };
      const { token } = renewed;
      if (renewed.streamUrl !== "" && renewed.streamUrl !== streamUrl) {
        const ticket = { sessionId, streamUrl: renewed.streamUrl, token };
        this.#ways.push({ kind: "ticket", how: "with a new token and its URL", ticket });
      }
      return { kind: "ticket", how: "with a new token", ticket: { sessionId, streamUrl, token } };
    } catch (error) {
      const why = error instanceof Failure ? `${error.failed} ${error.seen}` : String(error);
      this.#refusals.push(why);
      if (error instanceof Failure && error.code === "access-denied") {
        this.#resume = undefined;
        this.#log.info(
          `Session '${sessionId}' gets no new token, since 'ssm:ResumeSession' is denied to the step's credentials; ` +
            "the old token is tried again. Allow it on 'arn:aws:ssm:*:*:session/ecs-execute-command-*'. " +
            error.seen,
        );
      }
      return undefined;
    }
  }

  #same(): Way {
    return { kind: "ticket", how: "with the same token", ticket: this.#held };
  }
}
