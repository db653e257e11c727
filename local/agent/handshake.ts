import { randomBytes } from "node:crypto";
import { PayloadType } from "../../src/session/wire/message.ts";
import { AgentCipher } from "./cipher.ts";
import { type Deferred, deferred } from "./deferred.ts";

export interface HandshakeOptions {
  readonly sessionId: string;
  /** `ecs:<cluster>_<task id>_<runtime id>`. */
  readonly sessionTarget: string;
  /** The key as the cluster's configuration names it. */
  readonly kmsKeyId: string;
  /** Calls KMS Decrypt. */
  readonly decrypt: (
    ciphertext: Uint8Array,
    encryptionContext: Record<string, string>,
  ) => Promise<Uint8Array>;
  readonly send: (payloadType: number, payload: Uint8Array) => void;
  /** Called once the client has the key: output is encrypted with this cipher from then on. */
  readonly encrypt: (cipher: AgentCipher) => void;
  /** The agent's own setting, `Kms.RequireKMSChallengeResponse`; false unless given. */
  readonly requireChallenge?: boolean;
  /** Milliseconds for each of the client's two answers; 15 s unless given. */
  readonly timeLimit?: number;
}

const AGENT_VERSION = "3.3.0.0";
const TIME_LIMIT = 15_000;
const CHALLENGE_BYTES = 64;
const SUCCESS = 1;

/** The session cannot be encrypted; the message is the agent's. */
export class HandshakeFailure extends Error {}

interface ProcessedAction {
  readonly ActionType?: string;
  readonly ActionStatus?: number;
  readonly ActionResult?: { readonly KMSCipherTextKey?: string; readonly ChallengeAcknowledgement?: boolean };
  readonly Error?: string;
}

/**
 * The agent's side of setting up an encrypted session, as in amazon-ssm-agent,
 * `agent/session/datachannel/datachannel.go`. Without a KMS key ECS Exec has no handshake.
 */
export class Handshake {
  readonly #options: HandshakeOptions;
  /** Part of the encryption context when the client has acknowledged it. */
  readonly #contextChallenge = randomBytes(16).toString("base64");
  readonly #challenge = randomBytes(CHALLENGE_BYTES);
  readonly #answered = deferred<AgentCipher>();
  readonly #confirmed = deferred<undefined>();
  #cipher: AgentCipher | undefined;

  constructor(options: HandshakeOptions) {
    this.#options = options;
  }

  /** Resolves when the client has the key. Rejects with a `HandshakeFailure`. */
  async perform(): Promise<void> {
    const { kmsKeyId, encrypt } = this.#options;
    const started = process.hrtime.bigint();
    this.#send(PayloadType.handshakeRequest, {
      AgentVersion: AGENT_VERSION,
      RequestedClientActions: [
        {
          ActionType: "SessionType",
          ActionParameters: { SessionType: "InteractiveCommands", Properties: null },
        },
        {
          ActionType: "KMSEncryption",
          ActionParameters: { KMSKeyId: kmsKeyId, Challenge: this.#contextChallenge },
        },
      ],
    });
    const cipher = await this.#within(
      this.#answered,
      "Handshake timed out. Please ensure that you have the latest version of the session manager plugin.",
    );
    encrypt(cipher);
    this.#send(PayloadType.encChallengeRequest, {
      Challenge: cipher.seal(this.#challenge).toString("base64"),
    });
    await this.#within(this.#confirmed, "Timed out waiting for encryption challenge.");
    this.#send(PayloadType.handshakeComplete, {
      HandshakeTimeToComplete: Number(process.hrtime.bigint() - started),
      CustomerMessage: "This session is encrypted using AWS KMS.",
    });
  }

  /** Takes one of the client's two answers. Rejects an answer that it can't read; the message then stays unacknowledged. */
  async take(payloadType: number, payload: Uint8Array): Promise<void> {
    const content = JSON.parse(Buffer.from(payload).toString("utf8")) as Record<string, unknown>;
    if (payloadType === PayloadType.handshakeResponse) await this.#takeResponse(content);
    else this.#takeChallenge(content);
  }

  async #takeResponse(content: Record<string, unknown>): Promise<void> {
    const actions = (content["ProcessedClientActions"] ?? []) as readonly ProcessedAction[];
    try {
      for (const action of actions) await this.#takeAction(action);
    } catch (error) {
      if (!(error instanceof HandshakeFailure)) throw error;
      this.#answered.reject(error);
      return;
    }
    // AWS's session worker goes on without a cipher, and panics.
    if (this.#cipher === undefined) this.#answered.reject(new Error("the worker panics: no data key"));
    else this.#answered.resolve(this.#cipher);
  }

  async #takeAction(action: ProcessedAction): Promise<void> {
    const { ActionType = "", ActionStatus = 0, ActionResult = {}, Error: said = "" } = action;
    if (ActionStatus !== SUCCESS)
      throw new HandshakeFailure(`${ActionType} failed on client with status ${ActionStatus} error: ${said}`);
    if (ActionType !== "KMSEncryption") return;
    const { sessionId, sessionTarget, decrypt, requireChallenge = false } = this.#options;
    const { KMSCipherTextKey = "", ChallengeAcknowledgement = false } = ActionResult;
    if (requireChallenge && !ChallengeAcknowledgement)
      throw new HandshakeFailure("client does not support required encryption context random challenge");
    const context = {
      "aws:ssm:SessionId": sessionId,
      "aws:ssm:TargetId": sessionTarget,
      ...(ChallengeAcknowledgement && { "aws:ssm:RandomChallenge": this.#contextChallenge }),
    };
    try {
      this.#cipher = new AgentCipher(await decrypt(Buffer.from(KMSCipherTextKey, "base64"), context));
    } catch (error) {
      const why = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
      throw new HandshakeFailure(
        `Fetching data key failed: Unable to retrieve data key, Error when decrypting data key ${why}`,
      );
    }
  }

  #takeChallenge(content: Record<string, unknown>): void {
    const { Challenge = "" } = content as { Challenge?: string };
    const answer = this.#cipher?.open(Buffer.from(Challenge, "base64"));
    // After a wrong answer the agent keeps waiting until its time is up.
    if (answer?.equals(this.#challenge) !== true) throw new Error("Encryption challenge does not match!");
    this.#confirmed.resolve(undefined);
  }

  #send(payloadType: number, content: object): void {
    this.#options.send(payloadType, Buffer.from(JSON.stringify(content)));
  }

  async #within<T>(answer: Deferred<T>, otherwise: string): Promise<T> {
    const timer = setTimeout(
      () => answer.reject(new HandshakeFailure(otherwise)),
      this.#options.timeLimit ?? TIME_LIMIT,
    ).unref();
    try {
      return await answer.promise;
    } finally {
      clearTimeout(timer);
    }
  }
}
