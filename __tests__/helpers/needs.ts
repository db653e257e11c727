/**
 * Things that tests need and a machine may lack. The variable TESTS_WITHOUT names those that the machine can't have, such as
 * `TESTS_WITHOUT="podman zsh"`. In CI nothing else excuses a skipped test.
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

/** The needs that TESTS_WITHOUT names. */
function excused(): readonly string[] {
  return (process.env["TESTS_WITHOUT"] ?? "").split(/[\s,]+/).filter((name) => name !== "");
}

/**
 * Whether tests with this need can run. `why` says what is missing; undefined if nothing is. In CI it throws unless
 * `TESTS_WITHOUT` names the need, so that the file fails. Elsewhere a line says what was not tried.
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
