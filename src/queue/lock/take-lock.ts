import type { Clock } from "../../clock.ts";
import type { Inputs } from "../../inputs/inputs.ts";
import type { Log } from "../../log.ts";
import type { Origin } from "../../inputs/origin.ts";
import type { ClaimName } from "../claim.ts";
import { QueueMember } from "../queue-member.ts";
import type { QueueS3 } from "../queue-object.ts";
import { runWords, holderClause, WaitLog } from "../wait-log.ts";
import { lockBusy } from "./failures.ts";
import { HeldLock, type HeldLockOptions } from "./held-lock.ts";

/** A claim on a lock. */
export interface LockClaim extends ClaimName {
  /** True once the run has the lock. Before that it has no job that could still run. */
  readonly held?: boolean;
}

export interface LockOptions {
  readonly name: string;
  readonly inputs: Pick<Inputs, "prefix" | "kmsKeyId" | "matrix" | "queueTimeout"> & {
    readonly bucket: string;
  };
  /** The account that the bucket has to belong to, if known. */
  readonly owner: string | undefined;
  readonly origin: Pick<Origin, "id" | "url" | "variables">;
  /** Calls that a cancel does not cut short: the lock is kept until the job has been stopped. */
  readonly s3: QueueS3;
  readonly clock: Clock;
  readonly log: Log;
  readonly cancel: AbortSignal;
  /** Called with the claim before it is made and again once the lock is held; with undefined when the claim is given back. */
  readonly onClaim: (claim: LockClaim | undefined) => void;
  readonly onLost: HeldLockOptions["onLost"];
}

/** The key of a lock's queue. The queue has the format of the one for a container's seats. */
export function lockKey(prefix: string, name: string): string {
  return `${prefix}locks/${name}.json`;
}

/**
 * Waits in line for the lock, first come, first served, and says every 30 s who holds it. Fails with `lock-busy` after
 * `queue-timeout`; an abort throws its reason. In both cases the run leaves the queue.
 */
export async function takeLock(options: LockOptions): Promise<HeldLock> {
  const { name, inputs, owner, origin, clock, log, cancel, onClaim } = options;
  const { bucket, prefix, kmsKeyId, matrix } = inputs;
  const claim: LockClaim = { bucket, owner, key: lockKey(prefix, name), run: origin.id, kmsKeyId };
  const names = { url: origin.url, job: origin.variables["GITHUB_JOB"], matrix };
  const subject = `The lock '${name}'`;
  const member: QueueMember = new QueueMember({
    ...{ ...options, claim, names, shares: Promise.resolve(false) },
    lock: { subject, renew: (write) => lock.renew(write) },
  });
  const lock = new HeldLock({ ...options, member });
  const deadline = clock.now() + inputs.queueTimeout;
  const waitLog = new WaitLog({
    ...{ deadline, clock, log },
    ...{ subject, got: `${subject} is this run's` },
    busy: (seconds, held) => lockBusy(name, seconds, held),
  });
  onClaim(claim);
  try {
    const lost = await member.take({
      ...{ deadline, signal: cancel },
      onWait: ({ number, holder }) =>
        waitLog.tell({ held: holderClause(holder, "held"), goal: inLine(number) }),
      beforeTaking: () => lock.begin(),
    });
    for (const { claim: other, silentFor } of lost)
      log.info(
        `Took the lock of ${runWords(other)}, which did not renew it for ${Math.round(silentFor / 1000)} s.`,
      );
    onClaim({ ...claim, held: true });
    lock.keep();
    cancel.throwIfAborted();
    waitLog.end();
    return lock;
  } catch (error) {
    if (await lock.release()) onClaim(undefined);
    throw error;
  }
}

function inLine(number: number): string {
  const before = number === 1 ? "only its holder" : `its holder and ${number - 1} more`;
  return `for it as number ${number} in line, with ${before} before this run`;
}
