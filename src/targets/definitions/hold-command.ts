/** How much longer than the job's timeout a held container lives. */
const SLACK_SECONDS = 15 * 60;
export const HOLD_SLACK_MS = SLACK_SECONDS * 1000;

/**
 * The file by which a step puts the end of a held container off (`container/hold.sh`). It holds the machine's uptime, in whole seconds, at
 * which the container is to end.
 */
export const DEADLINE_FILE = "/run/fargate-exec-hold";
/** The longest that a container lives whose end is put off. A job of a GitHub-hosted runner lasts no longer. */
const MOST_SECONDS = 6 * 3600;

/**
 * A command that keeps a container alive for the job. It ends by itself 15 minutes after the job's `timeout`
 * (milliseconds), so that a task whose runner has died ends, too. On TERM it waits five seconds: the exec agent uploads
 * the transcript of a session at the session's end, and is killed with PID 1. As PID 1 the command also reaps
 * orphans: a shell in `wait` reaps every child.
 *
 * With `isPutOff` later steps may put that end off, to six hours after the start at most. Without a later deadline in the file the
 * command ends as it would without. The image's user may be another one than root, so the file counts only if root alone can write it.
 *
 * RunTask can replace an image's CMD but not its ENTRYPOINT, so the command becomes the arguments of the ENTRYPOINT. When
 * the task definition has a shell as its `entryPoint` (`["sh", "-c"]`), the script alone is handed to it.
 */
export function holdCommand(
  timeout: number,
  entryPoint: readonly string[],
  { isPutOff = false }: { readonly isPutOff?: boolean } = {},
): readonly string[] {
  const seconds = Math.ceil(timeout / 1000) + SLACK_SECONDS;
  const onTerm = "trap 'sleep 5; exit 0' TERM INT";
  const script = isPutOff ? `${onTerm}; ${deadlineLoop(seconds)}` : `${onTerm}; sleep ${seconds} & wait $!`;
  return isShell(entryPoint) ? [script] : ["sh", "-c", script];
}

/** Sleeps up to the deadline, and then up to a later one that the file has meanwhile. The file is read after each sleep. */
function deadlineLoop(seconds: number): string {
  const most = Math.max(seconds, MOST_SECONDS);
  return [
    `f=${DEADLINE_FILE}`,
    "u() { read -r t x </proc/uptime; t=${t%.*}; }",
    `u; e=$((t+${seconds})) m=$((t+${most}))`,
    "while [ $t -lt $e ]; do sleep $((e-t)) & wait $!; u",
    // Owners and modes of the directory and of the file: both are root's, and no other user may write to them.
    "[ \"$(ls -ldn ${f%/*} $f | grep -cE '^[d-].{4}-..-[^ ]* +[0-9]+ +0 ')\" = 2 ] || continue",
    "read -r n <$f",
    "case $n in ''|*[!0-9]*|??????????*) continue;; esac",
    "[ $n -le $e ] || e=$n",
    "[ $e -le $m ] || e=$m",
    "done",
  ].join("; ");
}

/** Flags of a shell that runs the next argument as its script. */
const FLAGS = /^((-[elx]+|-[elx]*o,pipefail|--norc|--noprofile),)*-[elx]*c[elx]*$/;

/** True for an entry point that runs its first argument as a script. It is false for a shell that only reads it (`-nc`). */
export function isShell([shell = "", ...flags]: readonly string[]): boolean {
  return /(^|\/)(ba|da|a|z)?sh$/.test(shell) && FLAGS.test(flags.join());
}
