/** The types that the layers of the channel share. */

/** A data key as KMS `GenerateDataKey` gives it. */
export interface DataKey {
  /** 64 bytes. */
  readonly plaintext: Uint8Array;
  /** CiphertextBlob, which the agent has KMS decrypt with the task role. */
  readonly ciphertext: Uint8Array;
  /** The ARN of the KMS key that made it. */
  readonly keyArn: string;
}

/** The parameters of KMS `GenerateDataKey`; NumberOfBytes is 64. */
export interface DataKeyRequest {
  readonly keyId: string;
  readonly encryptionContext: Readonly<Record<string, string>>;
}

export type ChannelEvent =
  /** What the command printed: every byte, in order, once. */
  | { readonly kind: "output"; readonly bytes: Uint8Array }
  /** The agent holds all input up to this position, as `send` counted it. */
  | { readonly kind: "acked"; readonly position: number }
  /** The agent has acknowledged a message that was first sent on the present connection. */
  | { readonly kind: "reached" }
  /**
   * The agent has left input unacknowledged for too long, so the connection has to be replaced. Once for each
   * connection.
   */
  | { readonly kind: "stalled"; readonly ms: number }
  /** Answer with `provideDataKey` or `refuseDataKey` within 15 s. After that the agent gives the session up. */
  | ({ readonly kind: "data-key-wanted" } & DataKeyRequest)
  /** The session is set up; `customerMessage` is the agent's line for the user (undefined when it has none). */
  | { readonly kind: "handshake-complete"; readonly customerMessage: string | undefined }
  /** The other side ended the session; `text` is its reason, undefined after a normal end. */
  | { readonly kind: "closed"; readonly text: string | undefined }
  | { readonly kind: "paused" }
  | { readonly kind: "resumed" }
  /** A message was ignored that a newer version of the protocol may define. */
  | { readonly kind: "note"; readonly text: string }
  /** The peer broke the protocol. Its message was ignored, and the session goes on. */
  | { readonly kind: "problem"; readonly why: string }
  /** The session cannot go on: nothing more is sent or delivered. */
  | { readonly kind: "failed"; readonly why: string; readonly cause?: unknown };

/** What the socket carries: text for the opening frame, bytes for all others. `describeFrame` prints one. */
export type Frame = Uint8Array | string;
