import { setImmediate as turn } from "node:timers/promises";
import type { Task } from "../../src/aws/task.ts";
import { Failure } from "../../src/errors.ts";
import { Expiry } from "../../src/carriers/expiry.ts";
import { followJob } from "../../src/carriers/follow-job.ts";
import type { FollowedJob, FollowJobOptions } from "../../src/carriers/follow-options.ts";
import { containerBlocked } from "../../src/ready/advice.ts";
import type { ItemOrderLine } from "../../src/payload/input.ts";
import type { PieceStore } from "../../src/carriers/pieces/store.ts";
import { Spool, type SpoolLimits } from "../../src/carriers/stream/spool.ts";
import { Listener } from "../helpers/listener.ts";
import { aTarget } from "../helpers/runs.ts";
import { wordsOf } from "../helpers/shown.ts";
import { SteppedClock } from "../helpers/stepped-clock.ts";
import { aTask } from "../helpers/tasks.ts";
import { FakeSession, mark, NONCE, READY } from "../session/fake-session.ts";
import { BucketScene } from "./bucket-scene.ts";

export const SPOOL = "one\ntwo\nthree\n";

/** What the container says in one session, which goes on at byte `at`. */
export type Script = (session: FakeSession, at: number) => void;

/** The attacher shows the job and its first line, and then stays silent. */
const showFirstLine: Script = (session, at) =>
  session.says(`${READY}${mark(`@${at}`)}\n${at < 4 ? SPOOL.slice(at, 4) : ""}`);

/**
 * A job as everybody around it sees it: its container, whose sessions and objects the test makes; ECS and S3, as they answer; the clock; and
 * what the step shows, types and writes. Only `follow` knows how the step follows the job.
 */
export class Scene {
  readonly clock = new SteppedClock();
  readonly log = new Listener();
  readonly cancel = new AbortController();
  /** Leaves the job at once. */
  readonly detachNow = new AbortController();
  readonly bucket = new BucketScene(this.clock, this.log);
  /** What a look at the task finds. */
  task: Task | Failure | undefined = aTask();
  looks = 0;
  /** How long AWS needs for the answer to a look, in milliseconds. */
  answersAfter = 0;
  readonly sessions: FakeSession[] = [];
  /** The byte at which each session goes on. */
  readonly attachedAt: number[] = [];
  readonly terminated: string[] = [];
  /** How often the seat had been given back when each of those was terminated. */
  readonly seatsAtTermination: number[] = [];
  /** How often the job was seen. */
  timesAttached = 0;
  /** For how long a job is followed at least once it was seen, in milliseconds. */
  patience = 0;
  /** What the user sees of the output. */
  readonly shown: string[] = [];
  readonly notes: string[] = [];
  /** Resolves when the runner has read what was shown. */
  drained = (): Promise<void> => Promise.resolve();
  stepMs = 50;
  /** Whether S3 may carry the output; undefined: there is no bucket. */
  s3: "never" | "at once" | "when the job lasts" | undefined;
  /** Whether the attacher stays when its session is released. */
  stays = false;
  /** How long the attacher needs to release its session, in milliseconds. */
  leavesAfter = 0;
  /** Whether the job runs under a lock. */
  isFenced = false;
  /** Whether other steps are to find all of the output. */
  mustKeepAll = false;
  detachAfter: number | undefined;
  /** What the job may keep of its spool. */
  limits: SpoolLimits | undefined;
  /** Whether the artifacts come. */
  isEnding = false;
  /** The orders for items that the container has not confirmed. */
  itemOrders: ItemOrderLine[] | undefined;
  /** Resolves when the container has all items. */
  allGiven = Promise.resolve();
  /** The orders for items have changed. */
  changeOrders = (): void => undefined;
  /** Another run waits for the seat in the container from then on. */
  wanted: () => void = () => undefined;
  /** The look for other runs is under way when it is no longer needed. */
  looksForOthers = false;
  seatsGivenBack = 0;
  stops = 0;
  /** Whether the stop command reaches the container. */
  reachesContainer = true;
  credentialsEnd: number | undefined;
  /** Whether the step has started the task and ends it with the job. */
  mustEndTask = true;
  /** How long the agent may take to open the first session, and the further times that it gets. */
  opening = 20_000;
  moreTime: (number | Promise<number>)[] = [];
  canNeverOpen: () => Promise<boolean> = () => Promise.resolve(false);
  ended: FollowedJob | undefined;
  readonly #scripts: readonly Script[];
  /** The job runs already: another step has shown its output up to this byte. */
  #from: number | undefined;
  #running: FollowJobOptions["running"];

  /** The last script serves all further sessions. */
  constructor(...scripts: Script[]) {
    this.#scripts = scripts.length === 0 ? [showFirstLine] : scripts;
  }

  /** A job with a bucket. */
  static withBucket(...scripts: Script[]): Scene {
    const scene = new Scene(...scripts);
    scene.s3 = "at once";
    return scene;
  }

  /** A job that another step has started, and has shown up to byte `from`. Its container may upload for `ms` milliseconds. */
  static attached(from: number, ms: number): { readonly scene: Scene; readonly store: PieceStore } {
    const scene = Scene.withBucket();
    const store = scene.bucket.open();
    scene.#from = from;
    scene.#running = { pieces: store, writableUntil: scene.clock.now() + ms };
    return { scene, store };
  }

  /** Follows the job. The only place that knows how. */
  follow(minutes = 60): Promise<FollowedJob> {
    const { clock, log, mustEndTask } = this;
    const until = clock.now() + minutes * 60_000;
    const target = aTarget({ started: mustEndTask });
    const followed = followJob({
      sessions: this.#sources(until),
      folders: this.#folders(),
      nonce: NONCE,
      spool: new Spool(1, { from: this.#from, limits: this.limits }),
      typed: {
        prepare: () => undefined,
        start: (missing) =>
          Promise.resolve(Buffer.from(missing === undefined ? "start" : `loader (${missing.why})`)),
        payload: () => Buffer.from("payload"),
        secrets: () => Buffer.from("secrets"),
      },
      items: this.#items(),
      note: (text) => this.notes.push(text),
      show: (shown) => this.shown.push(...wordsOf(shown).filter((word) => word !== "confirmed")),
      drained: () => this.drained(),
      ecs: { describeTask: () => this.#look() },
      ...{ target, clock, log, cancel: this.cancel.signal },
      expiry: new Expiry({ target, mustEndTask, clock, log, until, heldUntil: undefined }),
      credentialsEnd: this.credentialsEnd,
      ...{
        detachAfter: this.detachAfter,
        detachNow: this.detachNow.signal,
        running: this.#running,
        isEnding: () => this.isEnding,
        isFenced: this.isFenced,
      },
    });
    void followed.then((end) => (this.ended = end));
    return followed;
  }

  #sources(least: number): FollowJobOptions["sessions"] {
    let until = least;
    const others = { agent: "RUNNING", others: "", areOthers: "seen", choice: "task" } as const;
    return {
      attach: (at) => Promise.resolve(at).then((from) => this.#open(from)),
      whyUnopened: (session) => Promise.resolve(containerBlocked(session, "the task", 20, others)),
      canNeverOpen: () => this.canNeverOpen(),
      opening: () => this.opening,
      moreTime: () => Promise.resolve(this.moreTime.shift() ?? 0),
      terminate: (session) => {
        this.terminated.push(session);
        this.seatsAtTermination.push(this.seatsGivenBack);
        return Promise.resolve();
      },
      noteAttached: () => {
        this.timesAttached += 1;
        until = Math.max(until, this.clock.now() + this.patience);
      },
      untilWanted: (over) =>
        new Promise((resolve, reject) => {
          this.wanted = resolve;
          if (over.aborted) reject(over.reason as Error);
          if (!this.looksForOthers) over.addEventListener("abort", reject);
        }),
      releaseSeat: () => void (this.seatsGivenBack += 1),
      stop: () => {
        this.stops += 1;
        return Promise.resolve(this.reachesContainer);
      },
      get until() {
        return until;
      },
    };
  }

  #items(): FollowJobOptions["items"] {
    const pending = (): ItemOrderLine[] => this.itemOrders ?? [];
    if (this.itemOrders === undefined) return undefined;
    return {
      get pending() {
        return pending();
      },
      onChange: (changed) => void (this.changeOrders = changed),
      allGiven: this.allGiven,
    };
  }

  #folders(): FollowJobOptions["folders"] {
    const { s3 } = this;
    if (s3 === undefined) return undefined;
    return {
      areAskedFor: true,
      mustKeepAll: this.mustKeepAll,
      use: () => Promise.resolve(s3),
      open: () => this.bucket.open(),
      noteRead: () => undefined,
    };
  }

  #open(at: number): FakeSession {
    const session = new FakeSession(`s-${this.sessions.length + 1}`, (self, words) =>
      this.#hear(self, words),
    );
    this.sessions.push(session);
    this.attachedAt.push(at);
    this.#scripts[Math.min(this.sessions.length, this.#scripts.length) - 1]?.(session, at);
    return session;
  }

  /** What the attacher does when these words are typed. */
  #hear(session: FakeSession, words: string): void {
    if (words === "taken" || words === "away") session.end({ kind: "closed", text: "" });
    if (words !== "left") return;
    const at = this.attachedAt[this.sessions.indexOf(session)] ?? 0;
    const leave = (): void => {
      session.says(mark(`~ ${Math.max(at, 4)}`));
      if (!this.stays) session.end({ kind: "closed", text: "" });
    };
    if (this.leavesAfter === 0) leave();
    else void this.clock.sleep(this.leavesAfter, new AbortController().signal).then(leave);
  }

  async #look(): Promise<Task | undefined> {
    this.looks += 1;
    if (this.answersAfter > 0) await this.clock.sleep(this.answersAfter, new AbortController().signal);
    if (this.task instanceof Failure) throw this.task;
    return this.task;
  }

  /** All that was typed, in the order of the sessions. */
  get typed(): string[] {
    return this.sessions.flatMap(({ typed }) => typed);
  }

  get warnings(): string[] {
    return this.log.lines.filter((line) => line.startsWith("warning"));
  }

  /** The session that the container speaks in now. */
  get session(): FakeSession {
    const last = this.sessions.at(-1);
    if (last === undefined) throw new Error("there is no session");
    return last;
  }

  /** Lets everything happen that needs no time. */
  async settle(): Promise<void> {
    for (let turns = 0; turns < 5; turns += 1) await turn();
  }

  /** Lets time pass in steps until the condition holds, for at most this many milliseconds. Resolves with the time it took. */
  async until(isSo: () => boolean, most: number): Promise<number> {
    const begun = this.clock.now();
    while (!isSo()) {
      await this.step();
      const passed = this.clock.now() - begun;
      if (passed > most)
        throw new Error(
          `not within ${most} ms; ${this.log.lines.join("\n")}; shown: ${this.shown.join(" ")}`,
        );
    }
    return this.clock.now() - begun;
  }

  async pass(ms: number): Promise<void> {
    for (const until = this.clock.now() + ms; this.clock.now() < until;) await this.step();
  }

  async step(): Promise<void> {
    this.clock.advance(this.stepMs);
    for (let turns = 0; turns < 3; turns += 1) await turn();
  }

  /** Lets time pass until there are this many sessions. Resolves with the time that took. */
  async untilSession(count: number): Promise<number> {
    const begun = this.clock.now();
    await this.clock.runUntil(() => this.sessions.length >= count);
    return this.clock.now() - begun;
  }

  /** Lets the pause before another session pass. It takes from half of `longest` to `longest` milliseconds. */
  pause(longest: number): Promise<void> {
    return this.clock.pass(longest / 2, longest);
  }

  /** Follows until the session is released. */
  async release(): Promise<void> {
    void this.follow();
    await this.until(() => this.bucket.folders.length === 1, 1_000);
    this.bucket.put("out", 0, 0, SPOOL.slice(0, 4));
    await this.until(() => this.log.lines.some((line) => line.includes("comes by S3")), 3_000);
  }
}
