import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { tmpdir } from "node:os";
import { bashAdvice, bashWarnings, findBashUse } from "../../src/report/bash-words.ts";
import { explain } from "../../src/report/explain.ts";
import { SHELLS } from "../helpers/shells.ts";
import { aResult, aStep, someFacts } from "./example-results.ts";

const directory = join(mkdtempSync(join(tmpdir(), "words-")), "fargate-exec-1-2");
mkdirSync(directory);

/** What this shell writes to standard error for a script in a job directory, and its exit code. */
function runIn(shell: string, script: string): { readonly stderr: string; readonly code: number | null } {
  const file = join(directory, "script");
  writeFileSync(file, script);
  const [program = "sh", ...words] = shell.split(" ");
  const env = { PATH: "/usr/bin:/bin" };
  const { stderr, status } = spawnSync(program, [...words, "-e", file], { env, encoding: "utf8" });
  return { stderr, code: status };
}

const OTHERS = SHELLS.filter((shell) => /dash|busybox/.test(shell));

/** Scripts of bash: whether dash ends green in spite of them, and what is named of them. */
const BASH: readonly (readonly [script: string, isGreen: boolean, what: string])[] = [
  ["set -euo pipefail", false, "'set -o pipefail'"],
  ["set -o errtrace", false, "an option of bash's 'set'"],
  ["[ a == a ] || true", true, "'==' in '[ ]'"],
  ["if [[ a == b ]]; then echo; fi", true, "'[['"],
  ["source /dev/null || true", true, "'source'"],
  ["a=(1 2)", false, "what may be an array, '<(…)' or 'function f()'"],
  ["function f { :; }", false, "what may be 'function f {'"],
  ["function f() { :; }", false, "what may be an array, '<(…)' or 'function f()'"],
  ["a+=x || true", true, "'+=' or an array"],
  ["a[0]=x || true", true, "'+=' or an array"],
  ['echo "${a[0]}"', false, "a substitution of bash, as of an array"],
  ["cat <(echo a)", false, "what may be an array, '<(…)' or 'function f()'"],
  ["cat <<< a", false, "what may be '<<<'"],
  ["ls |& cat", false, "what may be '|&'"],
  ["for ((i = 0; i < 3; i++)); do :; done", false, "'for ((…))'"],
  ["((i++)) || true", true, "'((…))'"],
  ["read -a x", false, "an option of bash's 'read'"],
  ["declare -A m || true", true, "'declare'"],
  ["shopt -s nullglob || true", true, "'shopt'"],
  ["export -f f", false, "'export -f'"],
];

it.each(BASH)("what dash says of %j names what is bash's, and its line", (script, isGreen, what) => {
  const { stderr, code } = runIn("dash", `# A comment.\n\n${script}\n`);
  expect(findBashUse(stderr)).toEqual({ what, line: 3 });
  expect(code === 0).toBe(isGreen);
});

it.each(OTHERS)("%s: what it says of a script is named as in dash, if it says anything", (shell) => {
  const named = BASH.map(([script, , what]) => [what, findBashUse(runIn(shell, script).stderr)] as const);
  for (const [what, use] of named) if (use !== undefined) expect(use).toEqual({ what, line: 1 });
  expect(named.filter(([, use]) => use !== undefined).length).toBeGreaterThan(BASH.length / 2);
});

it.each([
  ["set -eu\nif [ a = b ]; then :; fi\nno-such-program"],
  ["x=$(no-such-program) || echo '[[: not found' >&2"],
  ["sh -c '[[ a ]]' || true"],
  ["echo 'script: 3: [[: not found' >&2"],
  ["if true; then"],
])("a script for sh is not taken for one of bash: %j", (script) => {
  for (const shell of OTHERS) expect(findBashUse(runIn(shell, script).stderr)).toBeUndefined();
});

it.each(BASH)("bash itself says nothing of %j that would be taken for another shell's words", (script) => {
  const { stderr } = runIn("bash", script);
  expect(findBashUse(stderr)).toBeUndefined();
});

const SAID = "/tmp/fargate-exec-0/script: 7: [[: not found\n";
const jobThat = (codes: readonly string[], printed: { stdout?: string; allStderr?: string }) => ({
  ...aResult("exited", ...codes),
  task: someFacts(printed),
});

it.each<["workflow" | "program", string, string]>([
  [
    ...(["workflow", "1b"] as const),
    "Line 7 of the script uses '[[', which the image's sh doesn't have. Set 'shell: bash', which the image has.",
  ],
  [
    ...(["workflow", "1"] as const),
    "Line 7 of the script uses '[[', which the image's sh doesn't have. The image has no bash for 'shell: bash' either: write that for sh, or use an image that has bash.",
  ],
  [
    ...(["program", "1b"] as const),
    "Line 7 of the script uses '[[', which the image's sh doesn't have. Give '--shell bash', which the image has.",
  ],
  [
    ...(["program", "1"] as const),
    "Line 7 of the script uses '[[', which the image's sh doesn't have. The image has no bash for '--shell bash' either: write that for sh, or use an image that has bash.",
  ],
])("a %s reads in the error of a script for bash that sh ran (%s): %s", (reader, code, says) => {
  const { message } = explain(jobThat([code], { allStderr: SAID }), { ...aStep, reader }) ?? { message: "" };
  expect(message.split("\n")).toEqual(["The script failed. Exit code 1.", says]);
});

it("the same is a warning where the script succeeded all the same", () => {
  const [warning, ...more] = bashWarnings(jobThat(["0b"], { allStderr: SAID }), "workflow");
  expect(warning).toBe(
    "The script succeeded, but a part of it did not run. Line 7 of the script uses '[[', which the image's sh doesn't have. Set 'shell: bash', which the image has.",
  );
  expect(more).toEqual([]);
});

it("is also seen with 'stderr: merged', and long before the end of what the script printed", () => {
  const stdout = `${SAID}${"more output\n".repeat(50_000)}`;
  expect(bashWarnings(jobThat(["0b"], { stdout }), "workflow")).toHaveLength(1);
  expect(bashWarnings(jobThat(["0b"], { allStderr: stdout }), "workflow")).toHaveLength(1);
});

it("several tasks warn once, and a script that failed does not warn, since its error says it", () => {
  const one = jobThat(["0b"], { allStderr: SAID });
  expect(bashWarnings({ kind: "several", tasks: [one, one, one] }, "program")).toHaveLength(1);
  expect(bashWarnings(jobThat(["1b"], { allStderr: SAID }), "program")).toEqual([]);
});

it("nothing that the job has printed stands in the advice", () => {
  const printed = "/tmp/fargate-exec-0/script: 1: leaked[0]=secret: not found\n";
  expect(bashAdvice(someFacts({ allStderr: printed }), [], "workflow")).not.toMatch(/leaked|secret/);
});
