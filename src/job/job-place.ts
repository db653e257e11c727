import { giveBack } from "../places/give-back.ts";
import { othersUploadFor } from "../places/other-uploads.ts";
import type { Place, PlaceClaim } from "../places/place.ts";
import { takePlace } from "../places/take-place.ts";
import { uploadMs, Uploads } from "../places/uploads.ts";
import type { SessionLogs } from "../ready/session-logs.ts";
import type { JobContext } from "./context.ts";
import type { PreparedJob } from "./prepare.ts";

/**
 * Queues for the job's place in its container. Fails with `container-busy` where no place is free within `queue-timeout`.
 * May be called again once the place was given back, for a job that needs a session again. `shares` is as in `PlaceOptions`.
 */
export async function queueForPlace(
  { container, owner, logs }: PreparedJob,
  context: JobContext,
  { shares = false }: { readonly shares?: boolean } = {},
): Promise<JobPlace> {
  const { inputs, origin, target, aws, ledger, clock, log, cancel, queues } = context;
  const place = await takePlace({
    target,
    sessionTarget: container.sessionTarget,
    shares,
    inputs,
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
  return new JobPlace(place, logs, context);
}

type PlaceContext = Pick<JobContext, "aws" | "clock" | "log" | "cancel">;

/** A job's place in its container. The uploads of session logs keep it occupied after the end of a session. */
export class JobPlace {
  readonly uploads: Uploads;
  readonly #place: Place;
  readonly #logs: SessionLogs | undefined;
  readonly #context: PlaceContext;
  #waited = 0;
  #givenBack: Promise<void> | undefined;

  constructor(place: Place, logs: SessionLogs | undefined, context: PlaceContext) {
    this.uploads = new Uploads(logs, context.clock);
    this.#place = place;
    this.#logs = logs;
    this.#context = context;
  }

  /** True when another session, which has lost its client, may delay the opening of this job's session. */
  get isBesideAnother(): boolean {
    return this.#place.beside;
  }

  /** Called with each session of the job. */
  onSession(sessionId: string): void {
    this.#place.onSession(sessionId);
  }

  /** Waits until another session of the job may be opened, after this one was lost. An abort throws its reason. */
  async waitToReplace(lostSessionId: string): Promise<void> {
    await this.#place.waitToReplace(lostSessionId);
  }

  /** For how many more milliseconds the uploads of other sessions' logs may delay the opening of this session. */
  async othersUploadFor(sessionTarget: string, sessionId: string): Promise<number> {
    const { aws, clock, log } = this.#context;
    const logged = uploadMs(0, this.#logs) > 0;
    const asked = { sessionTarget, sessionId, logged, waited: this.#waited };
    const ms = await othersUploadFor({ ...asked, ssm: aws.ssm, clock, log });
    this.#waited += ms;
    return ms;
  }

  /** Never rejects; a second time does nothing. */
  async giveBack(): Promise<void> {
    this.#givenBack ??= giveBack(this.#place, this.uploads, this.#context);
    await this.#givenBack;
  }
}
