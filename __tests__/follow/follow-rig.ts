import type { Task } from "../../src/aws/task.ts";
import { Failure } from "../../src/errors.ts";
import type { FollowJobOptions } from "../../src/follow/follow-job.ts";
import { containerBlocked } from "../../src/ready/advice.ts";
import { Extractor } from "../../src/stream/extract.ts";
import { Listener } from "../helpers/listener.ts";
import { aTarget } from "../helpers/runs.ts";
import { SteppedClock } from "../helpers/stepped-clock.ts";
import { aTask } from "../helpers/tasks.ts";
import { FakeSession, NONCE } from "../session/fake-session.ts";

/** What a followed job needs: sessions whose other end is the test, and the task as ECS shows it. `PieceRig` adds a bucket. */
export abstract class FollowRig {
  readonly clock = new SteppedClock();
  readonly log = new Listener();
  readonly cancel = new AbortController();
  readonly extractor: Extractor;
  /** What a look at the task finds. */
  task: Task | Failure | undefined = aTask();
  looks = 0;
  readonly sessions: FakeSession[] = [];
  /** The byte at which each session goes on. */
  readonly attachedAt: number[] = [];
  readonly terminated: string[] = [];
  /** How often an attacher showed the job. */
  timesAttached = 0;

  /** `from`: another step has shown the output up to this byte. */
  constructor({ from }: { readonly from?: number } = {}) {
    this.extractor = new Extractor(NONCE, 1, from === undefined ? {} : { from });
  }

  /** What the container does in a new session, which goes on at byte `at`. */
  protected abstract serve(session: FakeSession, at: number): void;

  /** What the container does when these words are typed in a session. */
  protected hear(session: FakeSession, words: string): void {
    if (words === "taken") session.end({ kind: "closed", text: "" });
  }

  /** Following without a bucket, for at most this many milliseconds. */
  protected options(ms: number): Omit<FollowJobOptions, "onShown"> {
    const { clock, log, cancel, extractor } = this;
    return {
      sessions: {
        attach: (at) => Promise.resolve(at).then((from) => this.#open(from)),
        whyUnopened: (id) =>
          Promise.resolve(
            containerBlocked(id, "the task", 20, {
              agent: "RUNNING",
              others: "",
              areOthers: "seen",
              choice: "task",
            }),
          ),
        canNeverOpen: () => Promise.resolve(false),
        opening: () => 20_000,
        moreTime: () => Promise.resolve(0),
        terminate: (id) => Promise.resolve(void this.terminated.push(id)),
        onAttached: () => void (this.timesAttached += 1),
        untilWanted: () => new Promise(() => undefined),
        releasePlace: () => undefined,
        stop: () => Promise.resolve(true),
        until: clock.now() + ms,
      },
      extractor,
      typed: {
        prepare: () => undefined,
        start: () => Promise.resolve(Buffer.from("start")),
        payload: () => Buffer.from("payload"),
        secrets: () => Buffer.from("secrets"),
      },
      onNote: () => undefined,
      ecs: { describeTask: () => this.#look() },
      target: aTarget(),
      clock,
      log,
      cancel: cancel.signal,
    };
  }

  #open(at: number): FakeSession {
    const session = new FakeSession(`s-${this.sessions.length + 1}`, (self, words) => this.hear(self, words));
    this.sessions.push(session);
    this.attachedAt.push(at);
    this.serve(session, at);
    return session;
  }

  #look(): Promise<Task | undefined> {
    this.looks += 1;
    return this.task instanceof Failure ? Promise.reject(this.task) : Promise.resolve(this.task);
  }
}
