import type { AwsClients } from "./clients.ts";
import { attempt } from "./failures.ts";
import { requireMember } from "./required-member.ts";

/** What GenerateDataKey gives. */
export interface GeneratedKey {
  readonly plaintext: Uint8Array;
  readonly ciphertext: Uint8Array;
  /** The ARN of the KMS key that made it. */
  readonly keyArn: string;
}

/** The one call of KMS. */
export interface Kms {
  /**
   * A data key of 64 bytes: 32 for each direction of a session. Fails with what AWS answers. `context` is the encryption context, which the other
   * side needs to decrypt.
   */
  generateDataKey(keyId: string, context: Readonly<Record<string, string>>): Promise<GeneratedKey>;
}

export function kmsCalls(clients: AwsClients): Kms {
  const { signal, region } = clients;
  return {
    generateDataKey: (keyId, context) => {
      const call = {
        service: "kms",
        action: "kms:GenerateDataKey",
        resource: `key '${keyId}'`,
        region,
      } as const;
      return attempt(call, signal, async () => {
        const { GenerateDataKeyCommand } = await import("@aws-sdk/client-kms");
        const client = await clients.kms();
        const answer = await client.send(
          new GenerateDataKeyCommand({ KeyId: keyId, NumberOfBytes: 64, EncryptionContext: { ...context } }),
          signal ? { abortSignal: signal } : {},
        );
        return {
          plaintext: requireMember(answer.Plaintext, "Plaintext"),
          ciphertext: requireMember(answer.CiphertextBlob, "CiphertextBlob"),
          keyArn: requireMember(answer.KeyId, "KeyId"),
        };
      });
    },
  };
}
