import { sessionsArn } from "../aws/partitions.ts";
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
  readonly region: string;
  readonly log: Log;
  /** ResumeSession: a new token, or undefined for a session that is over. */
  readonly resume: (() => Promise<SessionTicket | undefined>) | undefined;
  /** What speaks against a stream URL; undefined if nothing. */
  readonly wrongUrl: (streamUrl: string) => string | undefined;
}

/**
 * The ways back into a session whose connection was cut, best first: a new token of ResumeSession with the URL that
 * came with it, then with the URL that the session had, then the token that it had. The order is that of
 * session-manager-plugin since 1.2.835: after ResumeSession the old URL may let a client in and carry nothing.
 */
export class Tickets {
  readonly #options: TicketsOptions;
  #resume: TicketsOptions["resume"];
  #held: SessionTicket;
  #ways: Way[] = [];
  #renewing: Promise<void> | undefined;
  /** Why there were no new tokens since `restart`. */
  #refusals: string[] = [];

  constructor(options: TicketsOptions) {
    this.#options = options;
    this.#held = options.first;
    this.#resume = options.resume;
  }

  get refusals(): readonly string[] {
    return this.#refusals;
  }

  /** The connection was cut (again). */
  restart(): void {
    this.#ways = [];
    this.#refusals = [];
  }

  /** Asks for a new token where all ways have been tried. Never rejects. */
  async renew(): Promise<void> {
    if (this.#ways.length > 0) return;
    this.#renewing ??= this.#ask().then((ways) => {
      this.#ways = [...ways];
      this.#renewing = undefined;
    });
    await this.#renewing;
  }

  /** The best way that is left; the token that is held, where a new one is still waited for. */
  take(): Way {
    return this.#ways.shift() ?? this.#same();
  }

  /** This one let us in. */
  keep(ticket: SessionTicket): void {
    this.#held = ticket;
  }

  async #ask(): Promise<readonly Way[]> {
    if (!this.#resume) return [this.#same()];
    try {
      const renewed = await this.#resume();
      // Whether SSM knows the sessions of ECS Exec is not documented, so its word alone ends none.
      return renewed?.token ? [...this.#renewed(renewed), this.#same()] : [this.#same(), { kind: "gone" }];
    } catch (error) {
      this.#tell(error);
      return [this.#same()];
    }
  }

  #renewed({ streamUrl, token }: SessionTicket): readonly Way[] {
    const held = this.#held;
    const same: Way = { kind: "ticket", how: "with a new token", ticket: { ...held, token } };
    if (streamUrl === "" || streamUrl === held.streamUrl) return [same];
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
    this.#refusals.push(error instanceof Failure ? `${error.failed} ${error.seen}` : String(error));
    if (!(error instanceof Failure) || error.code !== "access-denied") return;
    this.#resume = undefined;
    const { log, region } = this.#options;
    log.info(
      `Session '${this.#held.sessionId}' gets no new token, since 'ssm:ResumeSession' is denied to the step's credentials; ` +
        `the old token is tried again. Allow it on '${sessionsArn(region)}'. ${error.seen}`,
    );
  }

  #same(): Way {
    return { kind: "ticket", how: "with the same token", ticket: this.#held };
  }
}
