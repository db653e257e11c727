import { AwsError } from "./aws-error.ts";
import type { Base, Caller, SignedCall } from "./base.ts";
import type { Calls } from "./calls.ts";

/** An ID token of GitHub is good for so long. */
const TOKEN_MS = 300_000;
/** A step does not wait longer for GitHub to begin its answer. */
const SILENCE_MS = 5_000;

/** Keys of a role's session. */
export interface RoleKeys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
  readonly expiration: Date;
}

/** GitHub's ID tokens, and the sessions of the role that steps assume by them. */
export class Roles {
  /** Calls whose keys had ended, and how many were signed in all. */
  readonly late: SignedCall[] = [];
  readonly signed = new Map<string, number>();
  /** Every session that was begun, by its runner. */
  readonly begun: string[] = [];
  /** The keys that runners have got: when that was, and until when AWS takes them. */
  readonly got: { readonly by: string; readonly at: number; readonly until: number }[] = [];
  readonly #base: Base;
  readonly #calls: Calls;

  constructor(base: Base, calls: Calls) {
    this.#base = base;
    this.#calls = calls;
  }

  /** GitHub's answer to a job that asks for an ID token. Rejects with an error of the network. */
  async idToken(
    caller: Caller,
    signal: AbortSignal | undefined,
  ): Promise<{ readonly status: number; readonly body: string }> {
    try {
      return await this.#calls.send(caller, {
        ...{ operation: "github:IdToken", resource: "*", signal, silence: SILENCE_MS },
        act: () => ({ status: 200, body: JSON.stringify({ value: this.#newToken() }) }),
      });
    } catch (error) {
      const status = error instanceof AwsError ? error.$metadata.httpStatusCode : undefined;
      if (status === undefined) throw error;
      return { status, body: "{}" };
    }
  }

  /** AssumeRoleWithWebIdentity. Fails as STS does. */
  async assume(caller: Caller, token: string): Promise<RoleKeys> {
    const { time, options } = this.#base;
    const keys = await this.#calls.send(caller, {
      ...{ operation: "sts:AssumeRoleWithWebIdentity", resource: "role" },
      act: () => {
        if (time.now - issuedAt(token) > TOKEN_MS)
          throw new AwsError(
            "ExpiredTokenException",
            400,
            "Token expired: current date/time must be before it",
          );
        this.begun.push(caller.name);
        return {
          accessKeyId: `ASIAROLE${String(this.begun.length).padStart(4, "0")}`,
          ...{ secretAccessKey: "simulated", sessionToken: "simulated" },
          expiration: new Date(time.now + (options.roleSession ?? 3_600_000)),
        };
      },
    });
    this.got.push({ by: caller.name, at: time.now, until: keys.expiration.getTime() });
    return keys;
  }

  /** Notes a call that AWS has got. */
  note(call: SignedCall): void {
    this.signed.set(call.actor, (this.signed.get(call.actor) ?? 0) + 1);
    if (call.at >= call.until) this.late.push(call);
  }

  #newToken(): string {
    const claims = { iss: "https://token.actions.githubusercontent.com", iat: this.#base.time.now };
    const encoded = Buffer.from(
      JSON.stringify({ ...claims, sub: "repo:org/repo", aud: "sts.amazonaws.com" }),
    );
    return `e30.${encoded.toString("base64url")}.sig`;
  }
}

function issuedAt(token: string): number {
  const claims = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString()) as {
    iat: number;
  };
  return claims.iat;
}
