import type { DataKey, DataKeyRequest } from "./channel/types.ts";
import type { Clock } from "../clock.ts";
import type { SessionEnd } from "./end.ts";
import { messageOf } from "../errors.ts";
import { unlessLate } from "../waiting.ts";

/** The time for KMS to give the data key. The agent waits as long (amazon-ssm-agent `agent/session/datachannel`). */
const DATA_KEY_MS = 15_000;
/**
 * The time for the agent to finish the handshake after our answer: its own 15 s for the challenge, and a margin. Until its end our answers are
 * sent again and again.
 */
const CHALLENGE_MS = 20_000;
/** The time for the agent to close a session that we have refused a data key. */
const REFUSAL_MS = 2_000;

export interface SetUpOptions {
  readonly clock: Clock;
  /** Aborts when the session is over. */
  readonly over: AbortSignal;
  /** Asks KMS. Without this function an encrypted session is refused. */
  readonly requestDataKey: ((wanted: DataKeyRequest) => Promise<DataKey>) | undefined;
  /** Called once for a key that the agent has asked for, without one when there is none. */
  readonly answer: (key: DataKey | undefined) => void;
  /** Called when the session can't be set up. */
  readonly fail: (end: SessionEnd) => void;
}

/** Sets a session up, as far as that takes time: the data key of an encrypted session, and the limits of each wait. */
export class SetUp {
  readonly #options: SetUpOptions;
  readonly #complete = new AbortController();
  #isLimited = false;
  #refusal: SessionEnd | undefined;

  constructor(options: SetUpOptions) {
    this.#options = options;
  }

  get isComplete(): boolean {
    return this.#complete.signal.aborted;
  }

  /** Set when there is no data key. It is then the end of the session, whatever reason the agent gives. */
  get refusal(): SessionEnd | undefined {
    return this.#refusal;
  }

  /** The agent has finished the handshake. */
  complete(): void {
    this.#complete.abort();
  }

  /** The agent has our answer to its handshake, and so long to finish that. Further calls change nothing. */
  limit(): void {
    if (this.#isLimited) return;
    this.#isLimited = true;
    const { clock, over, fail } = this.#options;
    const why = `the agent did not finish the handshake within ${CHALLENGE_MS / 1000} s of our answer`;
    clock.sleep(CHALLENGE_MS, AbortSignal.any([over, this.#complete.signal])).then(
      () => fail({ kind: "lost", why }),
      () => undefined, // the agent did, or the session is over
    );
  }

  /** Never rejects. */
  async fetchDataKey({ keyId, encryptionContext }: DataKeyRequest): Promise<void> {
    const { clock, over, requestDataKey, answer } = this.#options;
    let key: DataKey;
    try {
      if (!requestDataKey) throw new Error("this client was given no way to ask KMS");
      key = await unlessLate(requestDataKey({ keyId, encryptionContext }), {
        clock,
        signal: over,
        until: clock.now() + DATA_KEY_MS,
        late: () => {
          throw new Error(`KMS gave none within ${DATA_KEY_MS / 1000} s, and the agent waits no longer`);
        },
      });
    } catch (cause) {
      this.#refuse({ kind: "lost", why: `there is no data key of '${keyId}': ${messageOf(cause)}`, cause });
      return;
    }
    answer(key);
  }

  /** Tells the agent that there is no key, so that it closes the session and frees the seat in its container. */
  #refuse(refusal: SessionEnd): void {
    const { clock, over, answer, fail } = this.#options;
    this.#refusal = refusal;
    answer(undefined);
    clock.sleep(REFUSAL_MS, over).then(
      () => fail(refusal),
      () => undefined, // the agent was quicker
    );
  }
}
