import { Failure, isDenied } from "../errors.ts";
import type { Inputs } from "../inputs/inputs.ts";
import type { Origin } from "../origin.ts";
import type { Target } from "../targets/target.ts";
import { type ClaimName, type ClaimS3, claimKey, holdClaim } from "./claim.ts";
import { endLostSession, type LostSessionContext } from "./lost-session.ts";
import { waitForOtherSessions } from "./other-sessions.ts";
import type { QueueOptions } from "./queue.ts";

export interface PlaceOptions extends QueueOptions {
  readonly target: Target;
  /** `ecs:<cluster>_<task>_<runtime id>`, by which the container's sessions are listed. */
  readonly sessionTarget: string;
  readonly inputs: Pick<Inputs, "bucket" | "prefix" | "kmsKeyId">;
  /** The account that the bucket has to belong to, where that is known. */
  readonly owner: string | undefined;
  readonly origin: Pick<Origin, "id" | "url">;
  readonly aws: { readonly s3: ClaimS3; readonly ssm: LostSessionContext["ssm"] };
  /** Called with the claim before it is made, and with undefined when it is given back: what has to be undone. */
  readonly onClaim?: (claim: PlaceClaim | undefined) => void;
}

/** A claim that may not be given back before `freeAt`, in milliseconds since the epoch. */
export interface PlaceClaim extends ClaimName {
  readonly freeAt?: number;
}

/** The right to open sessions in a container, one at a time. */
export interface Place {
  /** True where a claim keeps other runs waiting until the place is given back. */
  readonly held: boolean;
  /**
   * True where a session that has lost its client may delay the opening of this run's session, until its attacher
   * gives up.
   */
  readonly beside: boolean;
  /** Called with each session of the run: the claim names the last one, for the case that this run is lost. */
  onSession(sessionId: string): void;
  /** Leaves it to the post step to give the place back at this time. Never rejects. */
  postpone(freeAt: number): Promise<void>;
  /** Gives the place to the next run. Never rejects; a second time does nothing. */
  release(): Promise<void>;
}

/**
 * Queues for a place in the container. The exec agent runs two sessions at once (AWS's documentation: one) and queues
 * one more; a further one blocks it for good, while ECS still reports it as RUNNING. So the runs of this action share
 * one place in a container. A session that was cut and lingers is at most the second one there. The place is taken by
 * a claim in the bucket, else by looking at the container's sessions. In a task that this run has started no queue is
 * needed, because no other run knows the task.
 *
 * Fails with `container-busy` at the deadline; an abort throws its reason, and leaves no claim.
 */
export async function takePlace(options: PlaceOptions): Promise<Place> {
  const { aws, inputs, log, origin, target, onClaim = () => undefined } = options;
  if (target.started) return FREE;
  if (inputs.bucket !== undefined) {
    const key = claimKey(inputs.prefix, target);
    const claim = { bucket: inputs.bucket, owner: options.owner, key, run: origin.id };
    onClaim(claim);
    try {
      const held = await holdClaim({
        ...options,
        claim,
        url: origin.url,
        kmsKeyId: inputs.kmsKeyId,
        s3: aws.s3,
        endLostSession: (id) => endLostSession(id, { ...options, ssm: aws.ssm }),
      });
      let released: Promise<void> | undefined;
      const release = async (): Promise<void> => {
        if (await held.release()) onClaim(undefined);
      };
      return {
        held: true,
        beside: false,
        onSession: (id) => held.name(id),
        release: () => (released ??= release()),
        postpone: async (freeAt) => {
          await held.stop();
          onClaim({ ...claim, freeAt });
        },
      };
    } catch (error) {
      const busy = error instanceof Failure && error.code === "container-busy";
      if (busy || isDenied(error)) onClaim(undefined);
      if (!isDenied(error)) throw error;
      log.info(`${error.failed} Without a claim runs take turns by looking at the container's sessions.`);
    }
  }
  return { ...FREE, ...(await waitForOtherSessions({ ...options, ssm: aws.ssm })) };
}

const FREE: Place = {
  held: false,
  beside: false,
  onSession: () => undefined,
  postpone: () => Promise.resolve(),
  release: () => Promise.resolve(),
};
