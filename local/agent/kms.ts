import { DecryptCommand, KMSClient } from "@aws-sdk/client-kms";

/** Encrypts a session with a key of KMS. */
export interface SessionEncryption {
  readonly kmsKeyId: string;
  readonly endpoint: string;
  readonly region: string;
}

/** The emulator takes any key. */
const credentials = { accessKeyId: "exec-agent", secretAccessKey: "exec-agent" };

/** The data key of a session, as KMS gives it to the task role. Rejects with KMS's own error. */
export async function decryptDataKey(
  { kmsKeyId, endpoint, region }: SessionEncryption,
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
