/**
 * What tests need and a machine may lack. A variable says that it can't have them, such as
 * `TESTS_WITHOUT="podman zsh"`; in CI nothing else excuses a test that is skipped.
 */
export type Need =
  | "aws-cli"
  | "bash"
  | "busybox"
  | "dash"
  | "gawk"
  | "images"
  | "mawk"
  | "podman"
  | "root"
  | "shellcheck"
  | "wget"
  | "zsh";

/** Needs that are missing by permission. */
function excused(): readonly string[] {
  return (process.env["TESTS_WITHOUT"] ?? "").split(/[\s,]+/).filter((name) => name !== "");
}

/**
 * Whether tests that need it can run. `why` says what is missing, undefined when nothing is. In CI it throws unless
 * `TESTS_WITHOUT` names the need, so that the file fails; elsewhere a line tells what was not tried.
 */
export function has(need: Need, why: string | undefined): boolean {
  if (why === undefined) return true;
  if (process.env["CI"] && !excused().includes(need))
    throw new Error(
      `${why}\nCI must not skip these tests: install what is missing, or set TESTS_WITHOUT=${need} where the machine can't have it.`,
    );
  process.stderr.write(`SKIPPED, tests that need ${need}: ${why}\n`);
  return false;
}
