import { expect } from "@jest/globals";
import type { StepResult } from "../../local/runner/step.ts";

/** Workflow commands in every form that the runner obeys. Each would leave a trace that `traces` finds. */
export const COMMANDS: readonly string[] = [
  "::error title=forged::forged",
  "::warning file=x.ts,line=1::forged",
  "::notice::forged",
  "::set-output name=exit-code::0",
  "::set-output name=forged::yes",
  "::save-state name=forged::yes",
  "::add-mask::visible",
  "::add-matcher::forged.json",
  "::remove-matcher owner=tsc::",
  "::set-env name=FORGED::yes",
  "::add-path::/forged",
  "::group::forged",
  "::echo::on",
  "  \t::error::forged, indented",
  "\u2028\u0085\u3000::error::forged, behind blanks of other kinds",
  "::ERROR::forged, in capitals",
  "::error:\u00ad:forged, with something invisible between the colons",
  "##[error]forged, in the old form",
  "see ##[error]forged, in the old form within a line",
  "see ##[set-output name=forged]yes",
  "##[add-mask]visible",
  "##[add-matcher]forged.json",
  "##[group]forged",
  "::stop-commands::forged",
  "::forged::",
];

/** The groups of the runner and of the action's phases. */
const OUR_GROUPS =
  /^##\[group\](\[task \d+\] )?(Run|Starting|Looking|Choosing|Waiting|Reading|The script runs|Cleaning) /;

/** The traces of commands that the runner, or a reader of its log, took for the action's own. */
export function traces(result: StepResult): unknown {
  const { annotations, outputs, state, post, matchers, log, commandFailed } = result;
  return {
    annotations: annotations.filter(({ message, title = "" }) => (message + title).startsWith("forged")),
    outputs: Object.keys(outputs).filter((name) => name === "forged"),
    state: Object.keys(state).filter((name) => name === "forged"),
    matchers,
    commandFailed,
    post: post?.annotations,
    headings: log.filter(
      (line) =>
        /^##\[(?!endgroup\]|error\]|warning\]|notice\])|^##\[\w+\]forged/.test(line) &&
        !OUR_GROUPS.test(line),
    ),
    stopped: log.filter((line) => line === "::stop-commands::***").length > 0,
  };
}

export function expectNothingObeyed(result: StepResult): void {
  expect(traces(result)).toEqual({
    annotations: [],
    outputs: [],
    state: [],
    matchers: [],
    commandFailed: false,
    post: [],
    headings: [],
    stopped: true,
  });
}
