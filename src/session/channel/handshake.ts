import type { Random } from "../../clock.ts";
import { isRecord } from "../../values.ts";
import { Cipher } from "./cipher.ts";
import { type Encryption, isClusterKey, isKeyArn } from "./encryption.ts";
import { parseObject } from "./json.ts";
import type { DataKey, DataKeyRequest } from "./types.ts";

/** The version of session-manager-plugin whose protocol the channel speaks: the oldest that AWS still supports. */
const CLIENT_VERSION = "1.2.764.0";
/** The agent requests two actions (`getHandshakeRequestPayload` in its agent/session/datachannel/datachannel.go). Each has a part in our answer. */
const MOST_ACTIONS = 8;
/** The most bytes of a payload. The request repeats the command, of which Linux takes 128 KiB, in JSON. */
const LARGEST_PAYLOAD = 512 * 1024;
/** The most characters of a key's id, which is all that KMS takes, and of a sealed challenge, which has about 100. */
const LONGEST_TEXT = 2_048;
/** So much of the name of an unknown action is repeated to the agent. */
const LONGEST_TYPE = 64;

/** The first frame on a connection, as JSON text. It has no reply: on success the socket stays open. */
export function openDataChannel(clientId: string, token: string, random: Pick<Random, "uuid">): string {
  return JSON.stringify({
    MessageSchemaVersion: "1.0",
    RequestId: random.uuid(),
    TokenValue: token,
    ClientId: clientId,
    ClientVersion: CLIENT_VERSION,
  });
}

/** The handshake cannot go on; `message` says what the agent did. */
export class HandshakeError extends Error {
  override readonly name: string = "HandshakeError";
}

/** The session's encryption would not be the one that the cluster asks for. */
export class EncryptionMismatch extends HandshakeError {
  override readonly name = "EncryptionMismatch";
}

/** The session's names, and how the cluster encrypts its sessions. */
export interface SessionIdentity {
  readonly sessionId: string;
  /** `ecs:<cluster name>_<task id>_<container runtime id>`. */
  readonly sessionTarget: string;
  readonly encryption: Encryption;
}

const ActionStatus = { success: 1, failed: 2, unsupported: 3 } as const;

interface ProcessedAction {
  readonly ActionType: string;
  readonly ActionStatus: number;
  readonly ActionResult: unknown;
  readonly Error: string;
}

type State =
  /** Nothing has come from the agent: neither a handshake nor output. */
  | { readonly kind: "undecided" }
  | { readonly kind: "key-wanted"; readonly asked: string; readonly processed: readonly ProcessedAction[] }
  | { readonly kind: "answered"; readonly cipher: Cipher | undefined }
  /** The agent has proven that it holds the data key. */
  | { readonly kind: "proven"; readonly cipher: Cipher }
  | { readonly kind: "refused" }
  | { readonly kind: "ready"; readonly cipher: Cipher | undefined };

/**
 * The state of the session's set-up. Without a KMS key on the cluster there is no handshake, and the output begins at
 * once. With a key the session is ready only once the agent has proven that it holds a data key of that KMS key.
 */
export class Handshake {
  readonly #identity: SessionIdentity;
  readonly #random: Pick<Random, "bytes">;
  #state: State = { kind: "undecided" };

  constructor(identity: SessionIdentity, random: Pick<Random, "bytes">) {
    this.#identity = identity;
    this.#random = random;
  }

  /** True when input may be sent. Before that the agent acknowledges input and drops it. */
  get isReady(): boolean {
    return this.#state.kind === "ready";
  }

  /** True when the agent has our answer and has to finish the handshake. */
  get isAnswered(): boolean {
    return this.#state.kind === "answered" || this.#state.kind === "proven";
  }

  /** HandshakeRequest → the response's payload, or the data key that the response needs. */
  request(payload: Uint8Array): { readonly response: Uint8Array } | { readonly wanted: DataKeyRequest } {
    if (this.#state.kind !== "undecided") throw new HandshakeError("the agent asked for a second handshake");
    const actions = parse("HandshakeRequest", payload)["RequestedClientActions"];
    if (!Array.isArray(actions))
      throw new HandshakeError("the agent's HandshakeRequest has no list of actions");
    if (actions.length > MOST_ACTIONS)
      throw new HandshakeError(
        `the agent's HandshakeRequest has ${actions.length} actions, more than ${MOST_ACTIONS}`,
      );
    let keyId: string | undefined;
    const processed = actions.map((action: unknown): ProcessedAction => {
      const { ActionType: type, ActionParameters: parameters } = isRecord(action) ? action : {};
      if (type === "SessionType") return processedAction(type, ActionStatus.success);
      if (type === "KMSEncryption") {
        keyId = text("KMSEncryption", isRecord(parameters) ? parameters["KMSKeyId"] : undefined);
        return processedAction(type, ActionStatus.success);
      }
      // AWS's plugin leaves the status at 0 here; the agent fails the session on anything but success.
      const name = String(type).slice(0, LONGEST_TYPE);
      return processedAction(name, ActionStatus.unsupported, null, `Unsupported action ${name}`);
    });
    if (keyId === undefined) {
      this.#requireNone("asked for a handshake without encryption");
      this.#state = { kind: "answered", cipher: undefined };
      return { response: encodeResponse(processed) };
    }
    const wanted = this.#keyFor(keyId);
    this.#state = { kind: "key-wanted", asked: keyId, processed };
    // The Challenge of the request is left out. The agent adds it to its own context only when the client echoes it,
    // and AWS's plugin never does.
    const encryptionContext = {
      "aws:ssm:SessionId": this.#identity.sessionId,
      "aws:ssm:TargetId": this.#identity.sessionTarget,
    };
    return { wanted: { keyId: wanted, encryptionContext } };
  }

  /**
   * The payload of the response with this key. Throws `RangeError` for a data key that does not have 64 bytes, and `EncryptionMismatch` when
   * KMS made it with another key than the cluster's.
   */
  provide(key: DataKey): Uint8Array {
    const { encryption } = this.#identity;
    if (
      this.#state.kind === "key-wanted" &&
      encryption.kind === "required" &&
      !isClusterKey(this.#state.asked, encryption.kmsKeyId, key.keyArn)
    )
      throw anotherKey(this.#state.asked, encryption.kmsKeyId, key.keyArn);
    const result = {
      KMSCipherTextKey: Buffer.from(key.ciphertext).toString("base64"),
      KMSCipherTextHash: null,
    };
    const cipher = new Cipher(key.plaintext, this.#random);
    const response = this.#answerEncryption(processedAction("KMSEncryption", ActionStatus.success, result));
    this.#state = { kind: "answered", cipher };
    return response;
  }

  /** The payload of a response without a key. The agent then ends the session, which frees its seat in the container. */
  refuse(why: string): Uint8Array {
    const response = this.#answerEncryption(processedAction("KMSEncryption", ActionStatus.failed, null, why));
    this.#state = { kind: "refused" };
    return response;
  }

  /** EncChallengeRequest → the payload of EncChallengeResponse. */
  challenge(payload: Uint8Array): Uint8Array {
    const challenge = text("EncChallengeRequest", parse("EncChallengeRequest", payload)["Challenge"]);
    const cipher = this.#state.kind === "answered" ? this.#state.cipher : undefined;
    if (!cipher) throw new HandshakeError("the agent sent an encryption challenge before it had a key");
    try {
      const answer = json({ Challenge: cipher.answerChallenge(challenge) });
      this.#state = { kind: "proven", cipher };
      return answer;
    } catch (cause) {
      throw new HandshakeError("the agent's encryption challenge is not sealed with this session's key", {
        cause,
      });
    }
  }

  /** HandshakeComplete → the agent's line for the user; undefined when it has none. */
  complete(payload: Uint8Array): string | undefined {
    const state = this.#state;
    if (state.kind !== "proven" && (state.kind !== "answered" || state.cipher !== undefined)) {
      throw new HandshakeError("the agent declared the handshake complete before we had answered it");
    }
    this.#state = { kind: "ready", cipher: state.cipher };
    const message = parse("HandshakeComplete", payload)["CustomerMessage"];
    return typeof message === "string" && message !== "" ? message : undefined;
  }

  /** What the command printed. It is encrypted when the session is. Output before any handshake means that no handshake will come. */
  decryptOutput(payload: Uint8Array): Uint8Array {
    if (this.#state.kind !== "ready")
      this.#requireNone("sent output before the encryption handshake was over");
    if (this.#state.kind === "undecided") this.#state = { kind: "ready", cipher: undefined };
    if (this.#state.kind !== "ready")
      throw new HandshakeError("the agent sent output before the handshake's end");
    if (!this.#state.cipher) return payload;
    try {
      return this.#state.cipher.open(payload);
    } catch (cause) {
      throw new HandshakeError("the agent's output is not sealed with this session's key", { cause });
    }
  }

  /** What is typed, encrypted when the session is. Call it only when `isReady`. */
  encryptInput(payload: Uint8Array): Uint8Array {
    return this.#state.kind === "ready" && this.#state.cipher ? this.#state.cipher.seal(payload) : payload;
  }

  /** The name of the key to give to KMS: the cluster's own name for its key, if known. */
  #keyFor(asked: string): string {
    const { encryption } = this.#identity;
    if (encryption.kind === "unknown") return asked;
    if (encryption.kind === "none")
      throw new EncryptionMismatch(
        `the agent asked for the KMS key '${asked}', though the cluster has no kmsKeyId`,
      );
    const { kmsKeyId } = encryption;
    if (isKeyArn(kmsKeyId) && !isClusterKey(asked, kmsKeyId, kmsKeyId))
      throw anotherKey(asked, kmsKeyId, kmsKeyId);
    return kmsKeyId;
  }

  #requireNone(did: string): void {
    const { encryption } = this.#identity;
    if (encryption.kind === "required")
      throw new EncryptionMismatch(
        `the agent ${did}, though the cluster encrypts its sessions with '${encryption.kmsKeyId}'`,
      );
  }

  #answerEncryption(answer: ProcessedAction): Uint8Array {
    if (this.#state.kind !== "key-wanted") throw new HandshakeError("the agent did not ask for a data key");
    const { processed } = this.#state;
    return encodeResponse(
      processed.map((action) => (action.ActionType === "KMSEncryption" ? answer : action)),
    );
  }
}

function anotherKey(asked: string, clusterKey: string, keyArn: string): EncryptionMismatch {
  const its = clusterKey === keyArn ? "" : ` (${keyArn || "of which KMS names no ARN"})`;
  return new EncryptionMismatch(
    `the agent asked for the KMS key '${asked}', which is not known to be the cluster's '${clusterKey}'${its}`,
  );
}

function processedAction(type: string, status: number, result: unknown = null, error = ""): ProcessedAction {
  return { ActionType: type, ActionStatus: status, ActionResult: result, Error: error };
}

function encodeResponse(processed: readonly ProcessedAction[]): Uint8Array {
  return json({ ClientVersion: CLIENT_VERSION, ProcessedClientActions: processed, Errors: null });
}

function json(value: unknown): Uint8Array {
  return Buffer.from(JSON.stringify(value));
}

function text(what: string, value: unknown): string {
  if (typeof value !== "string" || value === "")
    throw new HandshakeError(`the agent's ${what} lacks its one value`);
  if (value.length > LONGEST_TEXT)
    throw new HandshakeError(
      `the value of the agent's ${what} has ${value.length} characters, more than ${LONGEST_TEXT}`,
    );
  return value;
}

function parse(what: string, payload: Uint8Array): Record<string, unknown> {
  if (payload.length > LARGEST_PAYLOAD)
    throw new HandshakeError(`the agent's ${what} has ${payload.length} bytes, more than ${LARGEST_PAYLOAD}`);
  const value = parseObject(payload);
  if (!value) throw new HandshakeError(`the agent's ${what} is not a JSON object`);
  return value;
}
