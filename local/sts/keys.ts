import type { AwsError } from "../aws-error.ts";
import { expiredToken, wrongToken } from "./errors.ts";

/** Temporary keys of STS, with their owner and expiry. */
export interface TemporaryKeys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
  /** Milliseconds since the epoch. */
  readonly expiration: number;
  /** ARN of the role that was assumed. */
  readonly roleArn: string;
  readonly sessionName: string;
}

/** The key that signed a request, and the token that came with it. */
export interface KeyUse {
  /** The id of the access key that signed it. */
  readonly key: string;
  /** The service that the signature's credential scope names. */
  readonly service: string;
  /** The request's `x-amz-security-token`, in a header or a presigned query; empty without one. */
  readonly token: string;
}

/** All temporary keys that STS has issued. */
export class KeyRing {
  readonly #keys = new Map<string, TemporaryKeys>();

  add(keys: TemporaryKeys): TemporaryKeys {
    this.#keys.set(keys.accessKeyId, keys);
    return keys;
  }

  find(accessKeyId: string): TemporaryKeys | undefined {
    return this.#keys.get(accessKeyId);
  }

  /** Makes these keys expire at once. */
  expire(accessKeyId: string, now: number): void {
    const keys = this.#keys.get(accessKeyId);
    if (keys !== undefined) this.add({ ...keys, expiration: now });
  }

  /** The error for an expired key or a wrong token. Undefined for a valid key, and for any key that STS has not issued. */
  refusal({ key, service, token }: KeyUse, now: number): AwsError | undefined {
    const keys = this.#keys.get(key);
    if (keys === undefined) return undefined;
    if (token !== keys.sessionToken) return wrongToken(service);
    return now < keys.expiration ? undefined : expiredToken(service);
  }
}

/** Environment variables for an AWS client, with the names that `aws-actions/configure-aws-credentials` sets. */
export function keysEnvironment(keys: TemporaryKeys): Record<string, string> {
  return {
    AWS_ACCESS_KEY_ID: keys.accessKeyId,
    AWS_SECRET_ACCESS_KEY: keys.secretAccessKey,
    AWS_SESSION_TOKEN: keys.sessionToken,
  };
}
