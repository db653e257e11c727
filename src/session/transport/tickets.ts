import { sessionsArn } from "../../aws/partitions.ts";
import type { SessionTicket } from "../../aws/ecs.ts";
import type { ResumedSession } from "../../aws/ssm.ts";
import { factsOf, isDenied } from "../../errors.ts";
import type { Log } from "../../log.ts";

export type Way =
  /** `how` finishes "connecting …". */
  | { readonly kind: "ticket"; readonly how: string; readonly ticket: SessionTicket }
  /** The session is over. */
  | { readonly kind: "gone" };

export interface TicketsOptions {
  readonly first: SessionTicket;
  readonly region: string;
  readonly log: Log;
  /** ResumeSession: a new token, or undefined for a session that is over. */
  readonly resume: (() => Promise<ResumedSession | undefined>) | undefined;
  /** Why a stream URL may not be used; undefined for one that may. */
  readonly wrongUrl: (streamUrl: string) => string | undefined;
}

/**
 * The ways back into a session whose connection was cut, best first: a new token of ResumeSession with its URL, the
 * new token with the old URL, the old token. The order is that of session-manager-plugin since 1.2.835: after
 * ResumeSession the old URL may accept a client and carry nothing.
 */
export class Tickets {
  readonly #options: TicketsOptions;
  #resume: TicketsOptions["resume"];
  #held: SessionTicket;
  #ways: Way[] = [];
  #renewing: Promise<void> | undefined;
  /** Why a new token or URL could not be used since `restart`. */
  #refusals: string[] = [];

  constructor(options: TicketsOptions) {
    this.#options = options;
    this.#held = options.first;
    this.#resume = options.resume;
  }

  get refusals(): readonly string[] {
    return this.#refusals;
  }

  /** Called when the connection was cut. Forgets the ways of the last cut. */
  restart(): void {
    this.#ways = [];
    this.#refusals = [];
  }

  /** Asks for a new token when all ways have been tried. Never rejects. */
  async renew(): Promise<void> {
    if (this.#ways.length > 0) return;
    this.#renewing ??= this.#ask().then((ways) => {
      this.#ways = [...ways];
      this.#renewing = undefined;
    });
    await this.#renewing;
  }

  /** The best untried way; the old token when the new one has not come yet. */
  take(): Way {
    return this.#ways.shift() ?? this.#same();
  }

  /** Called with the ticket by which the session goes on. */
  keep(ticket: SessionTicket): void {
    this.#held = ticket;
  }

  async #ask(): Promise<readonly Way[]> {
    if (!this.#resume) return [this.#same()];
    try {
      const renewed = await this.#resume();
      // AWS does not document that SSM knows the sessions of ECS Exec, so the old token is tried before the session
      // counts as over.
      return renewed?.token ? [...this.#renewed(renewed), this.#same()] : [this.#same(), { kind: "gone" }];
    } catch (error) {
      this.#tell(error);
      return [this.#same()];
    }
  }

  #renewed({ streamUrl, token }: ResumedSession): readonly Way[] {
    const held = this.#held;
    const same: Way = { kind: "ticket", how: "with a new token", ticket: { ...held, token } };
    if (streamUrl === undefined || streamUrl === held.streamUrl) return [same];
    const wrong = this.#options.wrongUrl(streamUrl);
    if (wrong !== undefined) {
      this.#refusals.push(`the URL of ssm:ResumeSession was not used: ${wrong}`);
      this.#options.log.info(`The new URL of session '${held.sessionId}' is not used: ${wrong}.`);
      return [same];
    }
    return [
      { kind: "ticket", how: "with a new token and its URL", ticket: { ...held, streamUrl, token } },
      same,
    ];
  }

  #tell(error: unknown): void {
    this.#refusals.push(factsOf(error));
    if (!isDenied(error)) return;
    this.#resume = undefined;
    const { log, region } = this.#options;
    log.info(
      `Session '${this.#held.sessionId}' gets no new token, since 'ssm:ResumeSession' is denied to the caller's credentials; ` +
        `the old token is tried again. Allow it on '${sessionsArn(region)}'. ${error.seen}`,
    );
  }

  #same(): Way {
    return { kind: "ticket", how: "with the same token", ticket: this.#held };
  }
}
