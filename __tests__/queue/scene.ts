import type { MatrixJob } from "../../src/inputs/inputs.ts";
import type { ActiveSession } from "../../src/aws/ssm.ts";
import { Failure } from "../../src/errors.ts";
import { releaseClaim } from "../../src/queue/claim.ts";
import { LARGEST_QUEUE } from "../../src/queue/queue-state.ts";
import { takeSeat } from "../../src/queue/take-seat.ts";
import type { Random } from "../../src/clock.ts";
import { Listener } from "../helpers/listener.ts";
import { aTarget } from "../helpers/runs.ts";
import { SteppedClock } from "../helpers/stepped-clock.ts";
import { ID } from "../helpers/tasks.ts";
import { Bucket } from "./bucket.ts";

/** The object of the queue for the container of `aTarget`. */
const KEY = `fargate-exec/claims/${ID}/app.json`;

/** The right to open sessions, as a run has it. */
export type TakenSeat = Awaited<ReturnType<typeof takeSeat>>;

/** What the ledger holds of a claim. */
type LedgerClaim = Parameters<typeof releaseClaim>[0];

/** How a run differs from one with a bucket, of a matrix, that asks for the seat in container `app`. */
export interface Asking {
  readonly withBucket?: boolean;
  readonly container?: string;
  readonly taskId?: string;
  /** The run has started the task. */
  readonly started?: boolean;
  readonly matrix?: MatrixJob;
  /** The ids of its attempts before this one. */
  readonly earlier?: readonly string[];
  /** When it gives up, in milliseconds since the epoch; ten minutes from now by default. */
  readonly deadline?: number;
  /** Whether it releases its session soon, and its sessions are not logged. */
  readonly shares?: Promise<boolean>;
  readonly isUnlogged?: boolean;
  /** Whether it attaches to a job that runs. */
  readonly attaches?: boolean;
  /** The sessions that its job has had. */
  readonly own?: readonly string[];
  /** That of its own machine. */
  readonly clock?: SteppedClock;
  readonly random?: Random["fraction"];
}

/** A run that asks for a seat, as its user and its ledger see it. */
export interface AskingRun {
  readonly log: Listener;
  readonly cancel: AbortController;
  /** What the ledger was told to hold, one after the other; undefined when it is to hold nothing. */
  readonly claims: readonly (LedgerClaim | undefined)[];
  readonly state: "waiting" | "placed" | "failed";
  /** Resolves with the seat, or with why there is none. */
  readonly done: Promise<TakenSeat | Failure>;
  /** The seat. Rejects when there is none. */
  seat(): Promise<TakenSeat>;
  release(): Promise<void>;
  /** Cancels the run, and waits until it has left. */
  stopWaiting(): Promise<void>;
}

/**
 * A container as everybody around it sees it: the runs that ask for a seat in it, the bucket with their queue, the container's sessions as SSM
 * lists them, and the time. Only `ask` and `cleanUp` know how a run asks for its seat and gives it back.
 */
export class SeatScene {
  readonly clock = new SteppedClock();
  readonly bucket = new Bucket(this.clock);
  /** The container's sessions. */
  sessions: readonly ActiveSession[] = [];
  /** How SSM answers a look at them. */
  look: (target: string) => Promise<readonly ActiveSession[]> = () => Promise.resolve([...this.sessions]);
  /** The sessions that runs have ended. */
  readonly ended: string[] = [];
  readonly #taken: TakenSeat[] = [];

  /** A run asks for a seat. The only place that knows how. */
  ask(id: string, asking: Asking = {}): AskingRun {
    const { withBucket = true, container = "app", taskId = ID, started = false, clock = this.clock } = asking;
    const { isUnlogged = true, deadline = clock.now() + 600_000, shares, attaches, random } = asking;
    const matrix = asking.matrix ?? (withBucket ? { index: 2, total: 40, atOnce: 2 } : undefined);
    const log = new Listener();
    const cancel = new AbortController();
    const claims: (LedgerClaim | undefined)[] = [];
    const run = { log, cancel, claims, state: "waiting" as AskingRun["state"] };
    const done = takeSeat({
      target: aTarget({ container, taskId, started }),
      sessionTarget: `ecs:ci_${ID}_${ID}-1`,
      inputs: {
        bucket: withBucket ? "example-ci" : undefined,
        prefix: "fargate-exec/",
        kmsKeyId: undefined,
      },
      owner: "123456789012",
      origin: {
        id,
        ...(asking.earlier && { earlier: asking.earlier }),
        url: `https://github.example/${id}`,
        variables: { GITHUB_JOB: "test" },
      },
      matrix,
      aws: {
        s3: this.bucket,
        ssm: {
          listActiveSessions: (target) => this.look(target),
          terminateSession: (session) => Promise.resolve(void this.ended.push(session)),
        },
      },
      isUnlogged: () => Promise.resolve(isUnlogged),
      ...{ deadline, clock, log, attaches, signal: cancel.signal },
      ...(asking.own && { own: asking.own }),
      ...(shares !== undefined && { shares }),
      ...(random !== undefined && { random }),
      onClaim: (claim) => claims.push(claim),
    }).then(
      (seat) => {
        run.state = "placed";
        this.#taken.push(seat);
        return seat;
      },
      (error: unknown) => {
        run.state = "failed";
        return error as Failure;
      },
    );
    const seat = async (): Promise<TakenSeat> => {
      const taken = await done;
      if (taken instanceof Error) throw taken;
      return taken;
    };
    const stopWaiting = async (): Promise<void> => {
      cancel.abort(new Error("cancelled"));
      await done;
    };
    return Object.assign(run, { done, seat, release: async () => (await seat()).release(), stopWaiting });
  }

  /** What the post step of this run does with the claim in its ledger. */
  async cleanUp(run: string, log = new Listener()): Promise<void> {
    await releaseClaim({ ...this.claimOf(run), run }, { s3: this.bucket, clock: this.clock, log });
  }

  /** What the ledger of this run holds while it has a claim. */
  claimOf(run: string): LedgerClaim {
    return { bucket: "example-ci", owner: "123456789012", key: KEY, run };
  }

  /** The bucket has a queue with the claim of a dead run, which was renewed for the last time `age` milliseconds ago. */
  putDeadClaim(claim: object, age: number): void {
    this.#put(JSON.stringify({ claims: [claim] }), age);
  }

  /** The bucket has a queue of this text. */
  putQueue(text: string): void {
    this.#put(text, 0);
  }

  /** The bucket has a queue with more bytes than a run reads. */
  putLargeQueue(): void {
    this.#put(
      JSON.stringify({ claims: [{ run: "one", url: "https://example.com/".padEnd(LARGEST_QUEUE, "x") }] }),
      0,
    );
  }

  #put(text: string, age: number): void {
    this.bucket.objects.set(KEY, {
      ...{ bytes: Buffer.from(text), etag: '"old"', at: this.clock.now() - age },
      ...(this.bucket.versioned && { versionId: "v0" }),
    });
  }

  /** When the queue was written, in milliseconds since the epoch. */
  get writtenAt(): number | undefined {
    return this.bucket.objects.get(KEY)?.at;
  }

  /** What the bucket keeps of the queue, the current version first. */
  get versions(): ReturnType<Bucket["versionsOf"]> {
    return this.bucket.versionsOf(KEY);
  }

  /** Another principal deletes the queue. False when there is none. */
  deleteQueue(): boolean {
    return this.bucket.objects.delete(KEY);
  }

  /** Lets this time pass, in steps as short as the shortest pause. */
  async pass(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += 100) {
      this.clock.advance(100);
      await this.settle();
    }
  }

  /** Lets everything run that does not wait for time. */
  async settle(): Promise<void> {
    for (let i = 0; i < 50; i += 1) await Promise.resolve();
  }

  /** All runs give their seats back. */
  async end(): Promise<void> {
    const released = Promise.all(this.#taken.map((seat) => seat.release()));
    await this.pass(5_000);
    await released;
  }
}
