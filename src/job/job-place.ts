import { giveBack } from "../places/give-back.ts";
import { othersUploadFor } from "../places/other-uploads.ts";
import type { Place, PlaceClaim } from "../places/place.ts";
import { takePlace } from "../places/take-place.ts";
import { uploadMs, Uploads } from "../places/uploads.ts";
import type { JobContext } from "./context.ts";
import { pieceUse } from "./output-ways.ts";
import type { PreparedJob } from "./prepare.ts";

/** How often it is looked whether other runs wait for a place that is held though its job needs no session. */
const WANTED_LOOK_MS = 3_000;

/**
 * A job's place in its container: the right to open sessions there, one at a time. The uploads of session logs keep it
 * occupied after the end of a session.
 */
export class JobPlace {
  readonly uploads: Uploads;
  readonly #job: PreparedJob;
  readonly #context: JobContext;
  /** Undefined while the job needs no session. */
  #place: Place | undefined;
  #waited = 0;
  #givingBack: Promise<void> = Promise.resolve();

  constructor(job: PreparedJob, context: JobContext) {
    this.uploads = new Uploads(job.logs, context.clock);
    this.#job = job;
    this.#context = context;
  }

  /**
   * Queues for the place unless the job holds it. True where it was taken now. Fails with `container-busy` where no place
   * is free within `queue-timeout`. A job that leaves its session soon shares the container with others of its kind,
   * unless the upload of a log keeps the place of a session.
   */
  async take(): Promise<boolean> {
    await this.#givingBack;
    if (this.#place !== undefined) return false;
    const { container, owner, logs } = this.#job;
    const { inputs, origin, target, aws, ledger, clock, log, cancel, queues } = this.#context;
    this.#place = await takePlace({
      target,
      sessionTarget: container.sessionTarget,
      shares: pieceUse(inputs) !== "never" && uploadMs(0, logs) === 0,
      inputs,
      matrix: inputs.matrix,
      owner,
      origin,
      aws,
      onClaim: (claim?: PlaceClaim) =>
        ledger.replace(["claim"], claim === undefined ? [] : [{ kind: "claim", ...claim }]),
      deadline: clock.now() + (queues ? inputs.queueTimeout : 0),
      clock,
      log,
      signal: cancel,
    });
    return true;
  }

  /** True when another session, which has lost its client, may delay the opening of this job's session. */
  get isBesideAnother(): boolean {
    return this.#place?.beside === true;
  }

  /** True where other runs use the container, or wait for it, as far as this one has seen. */
  get isWanted(): boolean {
    return this.#place?.wanted === true;
  }

  /** Resolves when another run waits for the place. Rejects when `over` aborts. */
  async untilWanted(over: AbortSignal): Promise<void> {
    const { clock } = this.#context;
    do await clock.sleep(WANTED_LOOK_MS, over);
    while ((await this.#place?.isWaitedFor()) !== true);
  }

  /** Called with each session of the job. */
  onSession(sessionId: string): void {
    this.#place?.onSession(sessionId);
  }

  /** Waits until another session of the job may be opened, after this one was lost. An abort throws its reason. */
  async waitToReplace(lostSessionId: string): Promise<void> {
    await this.#place?.waitToReplace(lostSessionId);
  }

  /** For how many more milliseconds the uploads of other sessions' logs may delay the opening of this session. */
  async othersUploadFor(sessionTarget: string, sessionId: string): Promise<number> {
    const { aws, clock, log } = this.#context;
    const logged = uploadMs(0, this.#job.logs) > 0;
    const asked = { sessionTarget, sessionId, logged, waited: this.#waited };
    const ms = await othersUploadFor({ ...asked, ssm: aws.ssm, clock, log });
    this.#waited += ms;
    return ms;
  }

  /** Gives the place to the next run. Never rejects; without a place it does nothing. */
  async giveBack(): Promise<void> {
    const place = this.#place;
    this.#place = undefined;
    if (place !== undefined) this.#givingBack = giveBack(place, this.uploads, this.#context);
    await this.#givingBack;
  }
}
