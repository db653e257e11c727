import { createSign, createVerify, generateKeyPairSync, type KeyObject, randomBytes } from "node:crypto";

/** GitHub's issuer. AWS's identity provider and condition keys are named after its host. */
export const ISSUER = "https://token.actions.githubusercontent.com";
/** The lifetime of GitHub's tokens. */
const LIFETIME_SECONDS = 300;

export type Claims = Readonly<Record<string, string | number>>;

/** GitHub's OpenID Connect provider: issues signed ID tokens to the workflow job. */
export class IdTokens {
  /** The credential that a job needs to get a token: `ACTIONS_ID_TOKEN_REQUEST_TOKEN`. */
  readonly requestToken = randomBytes(24).toString("base64url");
  /** How many tokens were issued. */
  issued = 0;
  #pair: { readonly publicKey: KeyObject; readonly privateKey: KeyObject } | undefined;

  /** The answer of GitHub's endpoint; undefined for a job without the credential. */
  answer(authorization: string | undefined, audience: string): { count: number; value: string } | undefined {
    if (/^bearer (.+)$/i.exec(authorization ?? "")?.[1] !== this.requestToken) return undefined;
    const value = this.issue({ aud: audience === "" ? "https://github.com/example-org" : audience });
    return { count: value.length, value };
  }

  /** A token for the job in `../runner/environment.ts`. `claims` replace those of the job. */
  issue(claims: Claims = {}, now = Date.now()): string {
    this.issued += 1;
    const seconds = Math.floor(now / 1000);
    const payload: Claims = {
      iss: ISSUER,
      sub: "repo:example-org/shop:ref:refs/heads/main",
      aud: "sts.amazonaws.com",
      ref: "refs/heads/main",
      repository: "example-org/shop",
      repository_owner: "example-org",
      run_id: "9876543210",
      job_workflow_ref: "example-org/shop/.github/workflows/deploy.yml@refs/heads/main",
      jti: randomBytes(16).toString("hex"),
      iat: seconds,
      nbf: seconds - 60,
      exp: seconds + LIFETIME_SECONDS,
      ...claims,
    };
    const text = [{ alg: "RS256", typ: "JWT", kid: "local" }, payload].map(encodePart).join(".");
    return `${text}.${createSign("RSA-SHA256").update(text).sign(this.#keys.privateKey, "base64url")}`;
  }

  /** A token's claims; undefined unless it is a JWT that was signed here. */
  claimsOf(token: string): Claims | undefined {
    const [header = "", payload = "", signature = "", ...more] = token.split(".");
    if (more.length > 0) return undefined;
    const signed = createVerify("RSA-SHA256").update(`${header}.${payload}`);
    if (!signed.verify(this.#keys.publicKey, signature, "base64url")) return undefined;
    return JSON.parse(Buffer.from(payload, "base64url").toString()) as Claims;
  }

  /** The signing keys. They are made on first use, since that takes a tenth of a second. */
  get #keys(): { readonly publicKey: KeyObject; readonly privateKey: KeyObject } {
    return (this.#pair ??= generateKeyPairSync("rsa", { modulusLength: 2048 }));
  }
}

function encodePart(part: unknown): string {
  return Buffer.from(JSON.stringify(part)).toString("base64url");
}
