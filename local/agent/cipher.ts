import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";

const ALGORITHM = "aes-256-gcm";
const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/**
 * The agent's half of an encrypted session, as in amazon-ssm-agent, `agent/session/crypto`. A sealed message is nonce,
 * ciphertext and tag of AES-256-GCM. The first half of the data key seals messages to the client, the second half opens
 * messages from it. The nonces are a little-endian counter with a random start.
 */
export class AgentCipher {
  readonly #encryptionKey: Uint8Array;
  readonly #decryptionKey: Uint8Array;
  readonly #nonce: Buffer;

  constructor(dataKey: Uint8Array, firstNonce: Uint8Array = randomBytes(NONCE_BYTES)) {
    this.#encryptionKey = dataKey.slice(0, KEY_BYTES);
    this.#decryptionKey = dataKey.slice(KEY_BYTES);
    this.#nonce = Buffer.from(firstNonce);
  }

  seal(plaintext: Uint8Array): Buffer {
    const nonce = Buffer.from(this.#nonce);
    for (let at = 0; at < NONCE_BYTES; at += 1) {
      const next = (this.#nonce.readUInt8(at) + 1) & 0xff;
      this.#nonce.writeUInt8(next, at);
      if (next !== 0) break;
    }
    const cipher = createCipheriv(ALGORITHM, this.#encryptionKey, nonce);
    return Buffer.concat([nonce, cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
  }

  /** Throws when the message is not sealed with this key. */
  open(sealed: Uint8Array): Buffer {
    const bytes = Buffer.from(sealed);
    if (bytes.length < NONCE_BYTES + TAG_BYTES) throw new Error("cipher: message authentication failed");
    const decipher = createDecipheriv(ALGORITHM, this.#decryptionKey, bytes.subarray(0, NONCE_BYTES));
    decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
    return Buffer.concat([decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES)), decipher.final()]);
  }
}
