/**
 * Things that tests need and a machine may lack. The variable TESTS_WITHOUT names those that the machine can't have, such as
 * `TESTS_WITHOUT="podman zsh"`. Nothing else excuses a skipped test in CI: the lint refuses one that `withNeed` does not skip.
 */
export type Need =
  | "act"
  | "actionlint"
  | "bash"
  | "busybox"
  | "cfn-lint"
  | "dash"
  | "gawk"
  | "images"
  | "mawk"
  | "node-20"
  | "podman"
  | "postgres"
  | "python-hcl2"
  | "root"
  | "shellcheck"
  | "ssh"
  | "wget"
  | "zizmor"
  | "zsh";

/** The needs that TESTS_WITHOUT names. */
function excusedNeeds(): readonly string[] {
  return (process.env["TESTS_WITHOUT"] ?? "").split(/[\s,]+/).filter((name) => name !== "");
}

/**
 * `it` or `describe` for tests with this need. When it is missing (see `has`) they are skipped, and their names say what
 * they need.
 */
export function withNeed<T extends { readonly skip: T }>(block: T, need: Need, why: string | undefined): T {
  return has(need, why) ? block : withEnding(block.skip, ` (needs ${need})`);
}

/** The same function, whose tests have this at the end of their titles; so have `each` and `concurrent` of it. */
function withEnding<T extends object>(block: T, ending: string): T {
  return new Proxy(block, {
    apply: (target, self, [first, ...others]: unknown[]) => {
      const words = typeof first === "string" ? [first + ending, ...others] : [first, ...others];
      const made: unknown = Reflect.apply(target as () => unknown, self, words);
      return typeof made === "function" ? withEnding(made, ending) : made;
    },
    get: (target, key) => {
      const found: unknown = Reflect.get(target, key);
      return typeof found === "function" ? withEnding(found, ending) : found;
    },
  });
}

/**
 * Whether tests with this need can run. `why` says what is missing; undefined if nothing is. In CI it throws unless
 * `TESTS_WITHOUT` names the need, so that the file fails. Elsewhere a line says what was not tried.
 */
export function has(need: Need, why: string | undefined): boolean {
  if (why === undefined) return true;
  if (process.env["CI"] && !excusedNeeds().includes(need))
    throw new Error(
      `${why}\nCI must not skip these tests: install what is missing, or set TESTS_WITHOUT=${need} if the machine can't have it.`,
    );
  process.stderr.write(`SKIPPED, tests that need ${need}: ${why}\n`);
  return false;
}
