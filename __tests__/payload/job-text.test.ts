import fc from "fast-check";
import { codePoint } from "../helpers/code-points.ts";
import { type JobOptions, jobText } from "../../src/payload/job-text.ts";
import { quote } from "../../src/payload/quote.ts";
import {
  inlinePython,
  jobSource,
  launchSource,
  recorderAwk,
  recorderPy,
  trySource,
  uploaderPy,
} from "../../src/payload/container-source.ts";
import { expectGolden } from "../helpers/golden.ts";
import { runShell, SHELLS } from "../helpers/shells.ts";
import { JOB } from "./a-job.ts";

/** The settings of a run. They stand before the code that is the same for all runs. */
function settings(options: Partial<JobOptions>): string {
  return jobText({ ...JOB, ...options })
    .replace(jobSource(JOB), "")
    .replace(quote(recorderPy()), "'<recorder.py>'")
    .replace(quote(uploaderPy()), "'<uploader.py>'")
    .replace(quote(recorderAwk()), "'<recorder.awk>'")
    .replace(quote(inlinePython("become.py")), "'<become.py>'")
    .replace(quote(inlinePython("metadata.py")), "'<metadata.py>'")
    .replace(quote(inlinePython("pack.py")), "'<pack.py>'")
    .replace(quote(inlinePython("environ.py")), "'<environ.py>'")
    .replace(quote(launchSource()), "'<launch.sh>'")
    .replace(quote(trySource()), "'<try.sh>'");
}

it("the settings of a run are the text of the golden file", () => {
  expectGolden("job-settings.sh", settings({}));
});

describe.each(SHELLS)("under %s", (shell) => {
  const values = (options: Partial<JobOptions>, script: string): string[] =>
    runShell(
      shell,
      `${settings(options)}\nfx_dir=/run/dir\nshow() { printf '%s\\0' "$@"; }\nfx_set() { export "$1=$2"; }\n${script}`,
    )
      .toString()
      .split("\0")
      .slice(0, -1);

  it.each<[string, string, string[]]>([
    ["the script's path is a word", "bash -eo pipefail {0}", ["bash", "-eo", "pipefail", "/run/dir/script"]],
    ["the path is a part of a word", "run --file={0}", ["run", "--file=/run/dir/script"]],
    ["the path is there more than once", "{0} {0}{0}", ["/run/dir/script", "/run/dir/script/run/dir/script"]],
    ["there are more spaces than words need", "  sh   {0} ", ["sh", "/run/dir/script"]],
    ["a shell would expand it", "sh $HOME *;`x` {0}", ["sh", "$HOME", "*;`x`", "/run/dir/script"]],
  ])("a shell's template becomes words, when %s", (_, template, words) => {
    expect(values({ shell: template, args: [] }, "fx_command show")).toEqual(words);
  });

  it("arguments and environment have every byte they had", () => {
    const text = fc.string({ unit: codePoint, maxLength: 200 }).filter((value) => !value.includes("\0"));
    fc.assert(
      fc.property(fc.array(text, { maxLength: 5 }), text, text, (args, a, b) => {
        const options = { shell: "sh {0}", args, env: { A: a, B: b }, workingDirectory: b };
        const script = `fx_command show; eval "$fx_environment"; printf '%s\\0' "$A" "$B" "$fx_workdir"`;
        expect(values(options, script)).toEqual(["sh", "/run/dir/script", ...args, a, b, b]);
      }),
      { numRuns: 20 },
    );
  });

  it("the action's own variables come last, so that no input changes them", () => {
    const options = { env: { CI: "no", A: "1" }, ownEnv: { CI: "true" } };
    expect(
      values(options, `eval "$fx_environment"; eval "$fx_own_environment"; printf '%s\\0' "$CI" "$A"`),
    ).toEqual(["true", "1"]);
  });

  it("no setting is exported to the job", () => {
    expect(values({}, `env | grep -c ^fx_ || :`)).toEqual([]);
    expect(runShell(shell, `${settings({})}\nenv | grep ^fx_ || :`).toString()).toBe("");
  });
});
