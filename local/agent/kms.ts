import { NO_ROLE_KEYS, type Keys } from "../keys.ts";
import { DecryptCommand, KMSClient } from "@aws-sdk/client-kms";

/** How a session is encrypted with a key of KMS. */
export interface SessionEncryption {
  readonly kmsKeyId: string;
  readonly endpoint: string;
  readonly region: string;
  /** Those of the task role. */
  readonly credentials?: Keys;
}

/** Decrypts the data key of a session with the task role's credentials. Rejects with KMS's own error. */
export async function decryptDataKey(
  { kmsKeyId, endpoint, region, credentials = NO_ROLE_KEYS }: SessionEncryption,
  ciphertext: Uint8Array,
  encryptionContext: Record<string, string>,
): Promise<Uint8Array> {
  const client = new KMSClient({ endpoint, region, credentials });
  try {
    const { Plaintext } = await client.send(
      new DecryptCommand({
        CiphertextBlob: ciphertext,
        EncryptionContext: encryptionContext,
        KeyId: kmsKeyId,
      }),
    );
    if (Plaintext === undefined) throw new Error("KMS answered Decrypt without a plaintext");
    return Plaintext;
  } finally {
    client.destroy();
  }
}
