import type { KeyObject } from "node:crypto";
import { createCipheriv, createDecipheriv, createSecretKey } from "node:crypto";
import type { Random } from "../../clock.ts";

/** NumberOfBytes of the data key: one half for each direction. */
const KEY_BYTES = 64;
const HALF = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/**
 * AES-256-GCM without additional data, as session-manager-plugin `src/encryption/encrypter.go` and amazon-ssm-agent
 * `agent/session/crypto` agree on it: nonce ‖ ciphertext ‖ tag.
 */
export class Cipher {
  readonly #open: KeyObject;
  readonly #seal: KeyObject;
  readonly #random: Pick<Random, "bytes">;

  /** Throws `RangeError` unless the key has 64 bytes. */
  constructor(dataKey: Uint8Array, random: Pick<Random, "bytes">) {
    if (dataKey.length !== KEY_BYTES) {
      throw new RangeError(`the data key has ${dataKey.length} bytes, not ${KEY_BYTES}`);
    }
    // Bytes 0-31 are the agent's to encrypt with, bytes 32-63 the client's.
    this.#open = createSecretKey(dataKey.subarray(0, HALF));
    this.#seal = createSecretKey(dataKey.subarray(HALF));
    this.#random = random;
  }

  seal(plaintext: Uint8Array): Uint8Array {
    const nonce = this.#random.bytes(NONCE_BYTES);
    const cipher = createCipheriv("aes-256-gcm", this.#seal, nonce);
    return Buffer.concat([nonce, cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
  }

  /** Throws when the bytes were not sealed with the agent's half of this key. */
  open(sealed: Uint8Array): Uint8Array {
    if (sealed.length < NONCE_BYTES + TAG_BYTES) {
      throw new RangeError(`${sealed.length} bytes are too few for a nonce and a tag`);
    }
    const decipher = createDecipheriv("aes-256-gcm", this.#open, sealed.subarray(0, NONCE_BYTES), {
      authTagLength: TAG_BYTES,
    });
    decipher.setAuthTag(sealed.subarray(-TAG_BYTES));
    return Buffer.concat([decipher.update(sealed.subarray(NONCE_BYTES, -TAG_BYTES)), decipher.final()]);
  }

  /**
   * Opens the challenge with the agent's half of the key and seals it with ours, which proves that we hold the key.
   * Both texts are base64.
   */
  answerChallenge(challenge: string): string {
    return Buffer.from(this.seal(this.open(Buffer.from(challenge, "base64")))).toString("base64");
  }
}
