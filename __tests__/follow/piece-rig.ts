import { setImmediate as turn } from "node:timers/promises";
import { systemClock } from "../../src/clock.ts";
import { Failure } from "../../src/errors.ts";
import { Expiry } from "../../src/follow/expiry.ts";
import { type FollowedJob, followJob, type RunningJob } from "../../src/follow/follow-job.ts";
import type { PieceUse } from "../../src/follow/piece-carriers.ts";
import { openPiece } from "../../src/pieces/format.ts";
import { newFolder, type OrderedFolder } from "../../src/pieces/orders.ts";
import type { PieceS3 } from "../../src/pieces/store.ts";
import { PieceStore } from "../../src/pieces/store.ts";
import { aTarget } from "../helpers/runs.ts";
import { wordsOf } from "../helpers/shown.ts";
import { anObject } from "../pieces/folder.ts";
import { type FakeSession, mark, READY } from "../session/fake-session.ts";
import { FollowRig } from "./follow-rig.ts";

export const SPOOL = "one\ntwo\nthree\n";
const PUT = { etag: '"1"' };
const denied = new Failure("access-denied", { failed: "", seen: "AccessDenied", advice: "" });
const slow = new Failure("throttled", { failed: "", seen: "SlowDown", advice: "" });

/** A job whose container obeys orders, and the bucket between them. Time passes in small steps. */
export class PieceRig extends FollowRig {
  readonly folders: OrderedFolder[] = [];
  readonly objects = new Map<string, Buffer>();
  /** The contents of `control`, in the order in which they were written. */
  readonly controls: { readonly begin: number; readonly words: string }[] = [];
  readonly shown: string[] = [];
  readonly notes: string[] = [];
  /** How S3 answers every call. */
  weather: "fine" | "denied" | "slow" = "fine";
  /** Resolves when S3 answers a read of this object. */
  late: (name: string) => Promise<void> = () => Promise.resolve();
  /** Resolves when the runner has read what was shown. */
  drained = (): Promise<void> => Promise.resolve();
  stepMs = 50;
  /** Whether the attacher stays when its session is released. */
  stays = false;
  use: PieceUse = "at once";
  mustKeepAll = false;
  hasOthers = false;
  detachAfter: number | undefined;
  isEnding = false;
  running: RunningJob | undefined;
  /** A test calls it when another run is to wait for the place. */
  wanted: () => void = () => undefined;
  placesGivenBack = 0;
  stops = 0;
  /** Whether the stop command reaches the container. */
  reachesContainer = true;
  credentialsEnd: number | undefined;
  /** When the credentials that sign the upload form end. */
  signature: { readonly credentialsEnd?: number } = {};
  ended: FollowedJob | undefined;
  /** What the attacher of each session says once it is ready; by default the first line. */
  says = (session: FakeSession, at: number): void => {
    session.says(`${READY}${mark(`@${at}`)}\n${at < 4 ? SPOOL.slice(at, 4) : ""}`);
  };

  /** The job runs already, and the container may upload for `ms` milliseconds. */
  resumes(ms: number): PieceStore {
    const pieces = this.#store();
    this.running = { pieces, writableUntil: this.clock.now() + ms };
    return pieces;
  }

  follow(): Promise<FollowedJob> {
    const { clock, log, credentialsEnd } = this;
    const options = this.options(3_600_000);
    const followed = followJob({
      ...options,
      sessions: {
        ...options.sessions,
        untilWanted: (over) =>
          new Promise((resolve, reject) => {
            this.wanted = resolve;
            over.addEventListener("abort", reject);
          }),
        releasePlace: () => void (this.placesGivenBack += 1),
        stop: () => {
          this.stops += 1;
          return Promise.resolve(this.reachesContainer);
        },
      },
      folders: {
        areAskedFor: true,
        mustKeepAll: this.mustKeepAll,
        use: () => Promise.resolve(this.use),
        open: () => this.#store(),
        onRead: () => undefined,
        onOthers: () => (this.hasOthers = true),
      },
      drained: () => this.drained(),
      onNote: (text) => this.notes.push(text),
      onShown: (shown) => this.shown.push(...wordsOf(shown).filter((word) => word !== "confirmed")),
      expiry: new Expiry({
        ...{ target: aTarget({ started: true }), mustEndTask: true, clock, log },
        ...{ until: clock.now() + 3_600_000, heldUntil: undefined },
      }),
      credentialsEnd,
      ...{ detachAfter: this.detachAfter, running: this.running, isEnding: () => this.isEnding },
    });
    void followed.then((end) => (this.ended = end));
    return followed;
  }

  /** The container uploads an object into the folder of the last order. */
  put(kind: "out" | "end" | "alive", number: number, begin: number, body: string): this {
    const folder = this.folders.at(-1);
    if (folder === undefined) throw new Error("there was no order");
    const name = kind === "alive" ? kind : String(number);
    this.objects.set(`${folder.prefix}${name}`, anObject(kind, number, begin, body, folder));
    return this;
  }

  plant(name: string, bytes: Buffer | undefined): this {
    const key = `${this.folders.at(-1)?.prefix ?? ""}${name}`;
    if (bytes === undefined) this.objects.delete(key);
    else this.objects.set(key, bytes);
    return this;
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

  /** Follows until the session is released. */
  async leave(): Promise<void> {
    void this.follow();
    await this.until(() => this.folders.length === 1, 1_000);
    this.put("out", 0, 0, SPOOL.slice(0, 4));
    await this.until(() => this.log.lines.some((line) => line.includes("comes by S3")), 3_000);
  }

  get typed(): string[] {
    return this.sessions.flatMap(({ typed }) => typed);
  }

  protected override serve(session: FakeSession, at: number): void {
    this.says(session, at);
  }

  protected override hear(session: FakeSession, words: string): void {
    super.hear(session, words);
    if (words === "away") session.end({ kind: "closed", text: "" });
    if (words !== "left") return;
    const at = this.attachedAt[this.sessions.indexOf(session)] ?? 0;
    session.says(mark(`~ ${Math.max(at, 4)}`));
    if (!this.stays) session.end({ kind: "closed", text: "" });
  }

  #store(): PieceStore {
    const folder = newFolder("ci/", systemClock.random);
    this.folders.push(folder);
    return new PieceStore(folder, {
      ...{ bucket: "b", owner: undefined, kmsKeyId: undefined, credentialsEnd: undefined },
      s3: this.#s3(folder),
      clock: this.clock,
      log: this.log,
    });
  }

  #s3(folder: OrderedFolder): PieceS3 {
    const answer = async <T>(value: () => T): Promise<T> => {
      await Promise.resolve();
      if (this.weather === "denied") throw denied;
      if (this.weather === "slow") throw slow;
      return value();
    };
    return {
      getVersion: async ({ key }) => {
        await this.late(key.slice(folder.prefix.length));
        return await answer(() => {
          const bytes = this.objects.get(key);
          return bytes && { bytes, etag: '"1"', age: 0, modified: 0 };
        });
      },
      putObject: (_, bytes) =>
        answer(() => {
          const control = openPiece(folder, bytes);
          if (control?.kind !== "control") throw new Error("no control");
          this.controls.push({ begin: control.begin, words: control.body.toString().trim() });
          return PUT;
        }),
      putIf: ({ key }, bytes, expected) =>
        answer(() => {
          const before = this.objects.get(key);
          if ((before === undefined) !== (expected === "absent")) return undefined;
          this.objects.set(key, Buffer.from(bytes));
          const control = openPiece(folder, bytes);
          if (control?.kind !== "control") throw new Error("no control");
          this.controls.push({ begin: control.begin, words: control.body.toString().trim() });
          return PUT;
        }),
      deleteVersion: () => Promise.resolve(undefined),
      presignGet: () => Promise.resolve("https://b/control"),
      presignPost: () => Promise.resolve({ url: "https://b/", fields: { Policy: "p" }, ...this.signature }),
    };
  }
}
