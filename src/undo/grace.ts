import type { Clock } from "../clock.ts";
import type { Ecs } from "../aws/ecs.ts";
import type { S3 } from "../aws/s3.ts";
import { onceAfter } from "../waiting.ts";

/** The calls of AWS that create something which has to be undone. */
interface CreationCalls {
  readonly ecs: Pick<Ecs, "runTask" | "registerTaskDefinition" | "executeCommand">;
  readonly s3: Pick<S3, "putObject">;
}

/**
 * A signal that aborts `ms` after `cancel`, with the same reason. `over` ends the wait. Without it the wait has no end but that of the process, which
 * it does not keep alive.
 */
export function afterCancel(ms: number, cancel: AbortSignal, clock: Clock, over?: AbortSignal): AbortSignal {
  const late = new AbortController();
  const onCancel = (): void => {
    if (over === undefined) {
      onceAfter(ms, clock, () => late.abort(cancel.reason));
      return;
    }
    clock.sleep(ms, over).then(
      () => late.abort(cancel.reason),
      () => undefined, // nothing waits for it any more
    );
  };
  cancel.addEventListener("abort", onCancel, { once: true, ...(over && { signal: over }) });
  return late.signal;
}

/** The same calls, which reject once `cancel` aborts. Calls that are under way go on. */
export function refuseAfterCancel({ ecs, s3 }: CreationCalls, cancel: AbortSignal): CreationCalls {
  const unlessCancelled =
    <A extends readonly unknown[], R>(call: (...asked: A) => Promise<R>) =>
    async (...asked: A): Promise<R> => {
      cancel.throwIfAborted();
      return await call(...asked);
    };
  return {
    ecs: {
      runTask: unlessCancelled(ecs.runTask),
      registerTaskDefinition: unlessCancelled(ecs.registerTaskDefinition),
      executeCommand: unlessCancelled(ecs.executeCommand),
    },
    s3: { putObject: unlessCancelled(s3.putObject) },
  };
}
