import type { Failure } from "../../../src/errors.ts";
import { takeLock } from "../../../src/queue/lock/take-lock.ts";
import { Listener } from "../../helpers/listener.ts";
import { SteppedClock } from "../../helpers/stepped-clock.ts";
import { Bucket } from "../bucket.ts";

/** A lock, as the run that holds it has it. */
export type TakenLock = Awaited<ReturnType<typeof takeLock>>;

/** What the ledger holds of a claim on a lock. */
type LedgerClaim = Parameters<Parameters<typeof takeLock>[0]["onClaim"]>[0];

/** How a run differs from one that asks for the lock `shop/migrations`. */
export interface Asking {
  readonly name?: string;
  readonly prefix?: string;
  /** How long it waits, in milliseconds: an hour by default. */
  readonly queueTimeout?: number;
}

/** A run that asks for the lock, as its user and its ledger see it. */
export interface AskingRun {
  readonly log: Listener;
  readonly cancel: AbortController;
  /** What the ledger was told to hold, one after the other; undefined when it is to hold nothing. */
  readonly claims: readonly LedgerClaim[];
  /** Why it has lost the lock. */
  readonly lost: readonly Failure[];
  readonly state: "waiting" | "holds" | "failed";
  /** Resolves with the lock, or with why the run has none. */
  readonly done: Promise<unknown>;
  /** The lock. Rejects when the run does not get it. */
  lock(): Promise<TakenLock>;
}

/** A lock as everybody around it sees it: the runs that ask for it, the bucket with their queue, and the time. Only `ask` knows how a run asks. */
export class LockScene {
  readonly clock = new SteppedClock();
  readonly bucket = new Bucket(this.clock);

  /** A run asks for the lock. The only place that knows how. */
  ask(id: string, asking: Asking = {}): AskingRun {
    const { name = "shop/migrations", prefix = "fargate-exec/", queueTimeout = 3_600_000 } = asking;
    const log = new Listener();
    const cancel = new AbortController();
    const claims: LedgerClaim[] = [];
    const lost: Failure[] = [];
    const run = { log, cancel, claims, lost, state: "waiting" as AskingRun["state"] };
    const done = takeLock({
      name,
      inputs: { bucket: "ci", prefix, kmsKeyId: undefined, matrix: undefined, queueTimeout },
      owner: "123456789012",
      origin: { id, url: `https://github.example/${id}`, variables: { GITHUB_JOB: "deploy" } },
      ...{ s3: this.bucket, clock: this.clock, log, cancel: cancel.signal },
      onClaim: (claim) => claims.push(claim),
      onLost: (why) => lost.push(why),
    }).then(
      (lock) => {
        run.state = "holds";
        return lock;
      },
      (error: unknown) => {
        run.state = "failed";
        return error;
      },
    );
    const lock = async (): Promise<TakenLock> => {
      const taken = await done;
      if (taken instanceof Error) throw taken;
      return taken as TakenLock;
    };
    return Object.assign(run, { done, lock });
  }

  /** Lets this much time pass, in steps in which each run gets its answers. */
  async pass(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= 200) {
      this.clock.advance(Math.min(200, left));
      for (let i = 0; i < 20; i += 1) await Promise.resolve();
      await new Promise(setImmediate);
    }
  }
}
