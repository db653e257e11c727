import type { Ecs } from "../aws/ecs.ts";
import type { Clock } from "../clock.ts";

/** For the answer to a call that makes something, once the run is cancelled. */
const GRACE_MS = 2_000;

type Making = Pick<Ecs, "runTask" | "registerTaskDefinition">;

/**
 * Lets calls under way come to their end when the run is cancelled, so that what they make is known and can be undone;
 * but not for long. No call is begun any more then.
 */
export function inTime(
  { runTask, registerTaskDefinition }: Making,
  { clock, cancel }: { readonly clock: Clock; readonly cancel: AbortSignal },
): Making {
  const withGrace = async <T>(call: () => Promise<T>): Promise<T> => {
    cancel.throwIfAborted();
    const over = new AbortController();
    const tooLate = new Promise<never>((_, reject) => {
      const onCancel = (): void => {
        clock.sleep(GRACE_MS, over.signal).then(
          () => reject(cancel.reason as Error),
          () => undefined,
        );
      };
      cancel.addEventListener("abort", onCancel, { once: true, signal: over.signal });
    });
    try {
      return await Promise.race([call(), tooLate]);
    } finally {
      over.abort();
    }
  };
  return {
    runTask: (request) => withGrace(() => runTask(request)),
    registerTaskDefinition: (definition) => withGrace(() => registerTaskDefinition(definition)),
  };
}
