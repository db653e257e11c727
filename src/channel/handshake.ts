import { randomUUID } from "node:crypto";
import { Cipher } from "./cipher.ts";
import { isObject, parseObject } from "./json.ts";
import type { DataKey, DataKeyWanted } from "./types.ts";

/** The session-manager-plugin whose behaviour we speak: the oldest that AWS still supports. */
export const CLIENT_VERSION = "1.2.764.0";

/** The first frame on a connection: JSON text. There is no reply; success is that the socket stays open. */
export function openDataChannel(clientId: string, token: string): string {
  return JSON.stringify({
    MessageSchemaVersion: "1.0",
    RequestId: randomUUID(),
    TokenValue: token,
    ClientId: clientId,
    ClientVersion: CLIENT_VERSION,
  });
}

/** The handshake cannot go on; `message` says what the agent did. */
export class HandshakeError extends Error {
  override readonly name = "HandshakeError";
}

const ActionStatus = { success: 1, failed: 2, unsupported: 3 } as const;

interface ProcessedAction {
  readonly ActionType: string;
  readonly ActionStatus: number;
  readonly ActionResult: unknown;
  readonly Error: string;
}

type State =
  /** Nothing heard from the agent: it has not decided on a handshake, or the command has printed nothing. */
  | { readonly kind: "undecided" }
  | { readonly kind: "key-wanted"; readonly processed: readonly ProcessedAction[] }
  | { readonly kind: "answered"; readonly cipher: Cipher | undefined }
  | { readonly kind: "refused" }
  | { readonly kind: "ready"; readonly cipher: Cipher | undefined };

/** Where the session's set-up stands. Without a KMS key on the cluster there is none: output simply begins. */
export class Handshake {
  readonly #identity: { readonly sessionId: string; readonly targetId: string };
  #state: State = { kind: "undecided" };

  constructor(identity: { readonly sessionId: string; readonly targetId: string }) {
    this.#identity = identity;
  }

  /** Until then the agent acknowledges input and drops it. */
  get ready(): boolean {
    return this.#state.kind === "ready";
  }

  /** HandshakeRequest → the response's payload, or the data key it takes to give one. */
  request(payload: Uint8Array): { readonly response: Uint8Array } | { readonly wanted: DataKeyWanted } {
    if (this.#state.kind !== "undecided") throw new HandshakeError("the agent asked for a second handshake");
    const actions = parse("HandshakeRequest", payload)["RequestedClientActions"];
    if (!Array.isArray(actions))
      throw new HandshakeError("the agent's HandshakeRequest has no list of actions");
    let keyId: string | undefined;
    const processed = actions.map((action: unknown): ProcessedAction => {
      const { ActionType: type, ActionParameters: parameters } = isObject(action) ? action : {};
      if (type === "SessionType") return processedAction(type, ActionStatus.success);
      if (type === "KMSEncryption") {
        keyId = text("KMSEncryption", isObject(parameters) ? parameters["KMSKeyId"] : undefined);
        return processedAction(type, ActionStatus.success);
      }
      // AWS's plugin leaves the status at 0 here; the agent fails the session on anything but success.
      return processedAction(
        String(type),
        ActionStatus.unsupported,
        null,
        `Unsupported action ${String(type)}`,
      );
    });
    if (keyId === undefined) {
      this.#state = { kind: "answered", cipher: undefined };
      return { response: encodeResponse(processed) };
    }
    this.#state = { kind: "key-wanted", processed };
    // The request's own Challenge would join the context only if we acknowledged it, which the plugin never does.
    const encryptionContext = {
      "aws:ssm:SessionId": this.#identity.sessionId,
      "aws:ssm:TargetId": this.#identity.targetId,
    };
    return { wanted: { keyId, encryptionContext } };
  }

  /** The response's payload. Throws `RangeError` for a data key of another length than 64 bytes. */
  provide(key: DataKey): Uint8Array {
    const result = {
      KMSCipherTextKey: Buffer.from(key.ciphertext).toString("base64"),
      KMSCipherTextHash: null,
    };
    const cipher = new Cipher(key.plaintext);
    const response = this.#answerEncryption(processedAction("KMSEncryption", ActionStatus.success, result));
    this.#state = { kind: "answered", cipher };
    return response;
  }

  /** The response's payload; the agent then ends the session, which frees its place in the container. */
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
      return json({ Challenge: cipher.answerChallenge(challenge) });
    } catch (cause) {
      throw new HandshakeError("the agent's encryption challenge is not sealed with this session's key", {
        cause,
      });
    }
  }

  /** HandshakeComplete → the agent's line for the user. */
  complete(payload: Uint8Array): string {
    if (this.#state.kind !== "answered") {
      throw new HandshakeError("the agent declared the handshake complete before we had answered it");
    }
    this.#state = { kind: "ready", cipher: this.#state.cipher };
    const message = parse("HandshakeComplete", payload)["CustomerMessage"];
    return typeof message === "string" ? message : "";
  }

  /** What the command printed, readable. The first output without a handshake means that there will be none. */
  open(payload: Uint8Array): Uint8Array {
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

  /** Input as the agent wants it; only when `ready`. */
  seal(payload: Uint8Array): Uint8Array {
    return this.#state.kind === "ready" && this.#state.cipher ? this.#state.cipher.seal(payload) : payload;
  }

  #answerEncryption(answer: ProcessedAction): Uint8Array {
    if (this.#state.kind !== "key-wanted") throw new HandshakeError("the agent did not ask for a data key");
    const { processed } = this.#state;
    return encodeResponse(
      processed.map((action) => (action.ActionType === "KMSEncryption" ? answer : action)),
    );
  }
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
  return value;
}

function parse(what: string, payload: Uint8Array): Record<string, unknown> {
  const value = parseObject(payload);
  if (!value) throw new HandshakeError(`the agent's ${what} is not a JSON object`);
  return value;
}
