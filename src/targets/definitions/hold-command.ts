/** How much longer than the job's timeout a held container lives. */
const SLACK_SECONDS = 15 * 60;
export const HOLD_SLACK_MS = SLACK_SECONDS * 1000;

/**
 * A command that keeps a container alive for the job. It ends by itself 15 minutes after the job's `timeout`
 * (milliseconds), so that a task whose runner has died ends, too. On TERM it waits five seconds: the exec agent uploads
 * the transcript of a session at the session's end, and is killed with PID 1. As PID 1 the command also reaps
 * orphans: a shell in `wait` reaps every child.
 *
 * RunTask can replace an image's CMD but not its ENTRYPOINT, so the command becomes the arguments of the ENTRYPOINT. When
 * the task definition has a shell as its `entryPoint` (`["sh", "-c"]`), the script alone is handed to it.
 */
export function holdCommand(timeout: number, entryPoint: readonly string[]): readonly string[] {
  const seconds = Math.ceil(timeout / 1000) + SLACK_SECONDS;
  const script = `trap 'sleep 5; exit 0' TERM INT; sleep ${seconds} & wait $!`;
  return isShell(entryPoint) ? [script] : ["sh", "-c", script];
}

/** Flags of a shell that runs the next argument as its script. */
const FLAGS = /^((-[elx]+|-[elx]*o,pipefail|--norc|--noprofile),)*-[elx]*c[elx]*$/;

/** True for an entry point that runs its first argument as a script. It is false for a shell that only reads it (`-nc`). */
export function isShell([shell = "", ...flags]: readonly string[]): boolean {
  return /(^|\/)(ba|da|a|z)?sh$/.test(shell) && FLAGS.test(flags.join());
}
