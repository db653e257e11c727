import { NOBODY, type Keys } from "../iam/principals.ts";
import { DecryptCommand, KMSClient } from "@aws-sdk/client-kms";

/** Encrypts a session with a key of KMS. */
export interface SessionEncryption {
  readonly kmsKeyId: string;
  readonly endpoint: string;
  readonly region: string;
  /** The task role's. */
  readonly credentials?: Keys;
}

/** The data key of a session, as KMS gives it to the task role. Rejects with KMS's own error. */
export async function decryptDataKey(
  { kmsKeyId, endpoint, region, credentials = NOBODY }: SessionEncryption,
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
