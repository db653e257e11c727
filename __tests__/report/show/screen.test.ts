import { systemClock } from "../../../src/clock.ts";
import type { Line } from "../../../src/report/show/lines.ts";
import { harmlessOutput, Screen } from "../../../src/report/show/screen.ts";

/** A screen, and the lines that the runner gets from it, commands among them. Tokens are shown as `T1`, `T2` … */
function screen({ debug = false } = {}) {
  const shown: string[] = [];
  const put = (text: string): void => void shown.push(text);
  const one = new Screen({
    write: (...pieces) => put(Buffer.concat(pieces).toString()),
    flush: () => undefined,
    commands: {
      isDebug: () => debug,
      debug: (text) => put(`DEBUG ${text}\n`),
      warning: (text, { title }) => put(`WARNING ${title} ${text}\n`),
      notice: (text, { title }) => put(`NOTICE ${title} ${text}\n`),
      error: (text, { title, file, startLine }) =>
        put(["ERROR", title, ...(file === undefined ? [] : [`${file}:${startLine}`]), `${text}\n`].join(" ")),
      setSecret: (text) => put(`SECRET ${text}\n`),
    },
    docs: "https://docs/",
    random: systemClock.random,
  });
  const lines = (): string[] => {
    const tokens: string[] = [];
    return shown
      .join("")
      .split("\n")
      .slice(0, -1)
      .map((line) =>
        line.replace(/[0-9a-f-]{36}/, (token) => {
          if (!tokens.includes(token)) tokens.push(token);
          return `T${tokens.indexOf(token) + 1}`;
        }),
      );
  };
  return { lines, one };
}
const line = (text: string): Line => ({
  ...{ stream: "stdout", source: "", bytes: Buffer.from(text) },
  ...{ ended: true, continues: false },
});
const UNGUARDED = { workflowCommands: false };

it("a screen makes every line of the action harmless, with and without the guard", () => {
  const { lines, one } = screen();
  one.info("::set-output name=a::b\n##[error]c\r\x1b[31m::stop-commands::x");
  expect(lines()).toEqual(["\\::set-output name=a::b ##\\[error]c ::stop-commands::x"]);
});

it("a screen makes annotations harmless, line by line", () => {
  const { lines, one } = screen({ debug: true });
  one.warning("a\n##[group]b");
  one.error("::c::", { title: "t\n##[x]" });
  one.debug("##[d]");
  expect(lines()).toEqual([
    "WARNING fargate-exec a",
    "##\\[group]b",
    "ERROR t ##\\[x] \\::c::",
    "DEBUG ##\\[d]",
  ]);
});

it("a screen lifts the guard for what the runner has to obey, and puts it up with another token", () => {
  const { lines, one } = screen();
  one.open(UNGUARDED);
  one.info("a");
  one.warning("b");
  one.debug("not shown, so nothing is lifted");
  one.writer()(line("c"));
  one.mask(["d\ne"]);
  one.close();
  one.close();
  expect(lines()).toEqual([
    ...["::stop-commands::T1", "a", "::T1::", "WARNING fargate-exec b", "::stop-commands::T2", "c"],
    ...["::T2::", "SECRET d", "e", "SECRET d", "SECRET e", "::stop-commands::T3", "::T3::"],
  ]);
});

it("a screen puts the guard up before a job's first byte, whether it was opened or not", () => {
  const { lines, one } = screen();
  one.writer()(line("::error::no\n##[error]no"));
  expect(lines()).toEqual(["::stop-commands::T1", "::error::no", "\x1b[0m##[error]no"]);
});

it("a screen labels each line of several jobs, with one guard around all of them", () => {
  const { lines, one } = screen();
  one.open(UNGUARDED);
  const [first, second] = [one.writer("[task 0] "), one.writer("[task 1] ")];
  first(line("a"));
  second(line("::error::b"));
  first(line("c\n##[error]d"));
  one.close();
  expect(lines()).toEqual([
    "::stop-commands::T1",
    "[task 0] a",
    "[task 1] ::error::b",
    "[task 0] c",
    "[task 0] \x1b[0m##[error]d",
    "::T1::",
  ]);
});

it("a screen labels what the runner shows as a line of its own behind a CR", () => {
  const { lines, one } = screen();
  one.open(UNGUARDED);
  one.writer("[task 1] ")(line("10 %\r20 %\r[task 0] all is well\r"));
  one.close();
  expect(lines()).toEqual([
    "::stop-commands::T1",
    "[task 1] 10 %\r[task 1] 20 %\r[task 1] [task 0] all is well\r",
    "::T1::",
  ]);
});

describe("a phase", () => {
  it("is a group of its lines, and the guard's own lines stand inside groups", () => {
    const { lines, one } = screen();
    one.phase("Starting\n##[error]a task");
    one.open(UNGUARDED);
    one.info("a");
    one.phase("a phase without a line is not shown");
    one.phase("Waiting");
    one.info("b");
    one.fold("The script runs", "long\n##[endgroup]");
    one.writer()(line("c\n##[endgroup]"));
    one.phase("Cleaning up");
    one.close();
    one.info("d");
    one.phase();
    one.info("e");
    expect(lines()).toEqual([
      ...["##[group]Starting ##\\[error]a task", "::stop-commands::T1", "a", "##[endgroup]"],
      ...["##[group]Waiting", "b", "##[endgroup]"],
      ...["##[group]The script runs", "long ##\\[endgroup]", "##[endgroup]"],
      ...["c", "\x1b[0m##[endgroup]"],
      ...["##[group]Cleaning up", "::T1::", "d", "##[endgroup]", "e"],
    ]);
  });

  it("is not begun again at the close when an annotation has already taken the guard down", () => {
    const { lines, one } = screen();
    one.phase("Cleaning up");
    one.open(UNGUARDED);
    one.info("a");
    one.warning("b");
    one.close();
    one.phase();
    expect(lines()).toEqual([
      ...["##[group]Cleaning up", "::stop-commands::T1", "a", "##[endgroup]"],
      ...["::T1::", "WARNING fargate-exec b"],
    ]);
  });

  it("goes on under the guard with the first line after an annotation", () => {
    const { lines, one } = screen();
    one.phase("Waiting");
    one.open(UNGUARDED);
    one.notice("a", "limits.md");
    one.info("::error::b");
    one.warning("c");
    one.writer()(line("::error::d"));
    expect(lines()).toEqual([
      ...["##[group]Waiting", "::stop-commands::T1", "##[endgroup]", "::T1::"],
      ...["NOTICE fargate-exec a", "See https://docs/limits.md"],
      ...["##[group]Waiting", "::stop-commands::T2", "\\::error::b", "##[endgroup]", "::T2::"],
      ...["WARNING fargate-exec c", "::stop-commands::T3", "::error::d"],
    ]);
  });

  it("folds no annotation, and goes on after one", () => {
    const { lines, one } = screen({ debug: true });
    one.phase("Waiting");
    one.info("a");
    one.debug("in the group");
    one.warning("b");
    one.info("c");
    one.notice("d");
    one.error("e", { title: "t", file: "ops/x.sh\n", startLine: 3 });
    expect(lines()).toEqual([
      ...["##[group]Waiting", "a", "DEBUG in the group", "##[endgroup]", "WARNING fargate-exec b"],
      ...["##[group]Waiting", "c", "##[endgroup]", "NOTICE fargate-exec d", "ERROR t ops/x.sh:3 e"],
    ]);
  });

  it("ends with the job's first line, under the guard", () => {
    const { lines, one } = screen();
    one.phase("Waiting");
    one.info("a");
    one.writer("[task 1] ")(line("b"));
    one.info("c");
    expect(lines()).toEqual([
      ...["##[group]Waiting", "a", "##[endgroup]", "::stop-commands::T1", "[task 1] b", "c"],
    ]);
  });
});

describe("with 'workflow-commands: true'", () => {
  it("lets the job's commands through, at the beginning of their lines, and none in the action's lines", () => {
    const { lines, one } = screen();
    one.open({ workflowCommands: true });
    const write = one.writer("[task 0] ");
    write(line("::notice::a"));
    write(line("b"));
    one.writer()(line("##[group]c"));
    one.info("::notice::a note");
    one.close();
    expect(lines()).toEqual([
      ...["::stop-commands::T1", "::T1::", "::notice::a", "::stop-commands::T2", "[task 0] b"],
      ...["\x1b[0m##[group]c", "\\::notice::a note", "::T2::"],
    ]);
  });

  it("ends a phase before the first of the job's commands", () => {
    const { lines, one } = screen();
    one.open({ workflowCommands: true });
    one.phase("Waiting");
    one.info("a");
    one.writer()(line("::group::b"));
    expect(lines()).toEqual([
      ...["::stop-commands::T1", "##[group]Waiting", "a", "##[endgroup]", "::T1::", "::group::b"],
    ]);
  });

  it("takes the guard down once for commands that follow one another", () => {
    const { lines, one } = screen();
    one.open({ workflowCommands: true });
    one.writer()(line("::group::a\n \t::Warning title=x,file=y::b: ::c\r\n::add-mask::d\nf"));
    expect(lines()).toEqual([
      ...["::stop-commands::T1", "::T1::", "::group::a", " \t::Warning title=x,file=y::b: ::c\r"],
      ...["::add-mask::d", "::stop-commands::T2", "f"],
    ]);
  });

  it.each([
    "::save-state name=fargate-exec-9::{}",
    "::set-output name=exit-code::0",
    "::stop-commands::x",
    "::add-matcher::m.json",
    "::echo::on",
    "::notice x",
    "::noticed::x",
    "::notice::a\r::save-state name=x::y",
    "##[notice]x",
    "::\u00adnotice::x",
  ])("shows %j under the guard", (command) => {
    const { lines, one } = screen();
    one.open({ workflowCommands: true });
    one.writer()(line(command));
    expect(lines()[0]).toBe("::stop-commands::T1");
    expect(lines().join("\n")).not.toContain("::T1::");
  });

  it("reads a long line once, however many commands it seems to hold", () => {
    const { one } = screen();
    one.open({ workflowCommands: true });
    const began = performance.now();
    one.writer()(line(`::notice ${"::".repeat(500_000)}\r.`));
    one.writer()(line(`::notice ${": ".repeat(500_000)}`));
    expect(performance.now() - began).toBeLessThan(1_000);
  });

  it("guards again what comes after it was closed", () => {
    const { lines, one } = screen();
    one.open({ workflowCommands: true });
    one.close();
    one.writer()(line("x"));
    expect(lines()).toEqual(["::stop-commands::T1", "::T1::", "::stop-commands::T2", "x"]);
  });
});

it("a warning that is told once comes once, and another one beside it", () => {
  const { lines, one } = screen();
  for (const text of ["kept", "other", "kept"]) one.warnOnce(text);
  expect(lines()).toEqual(["WARNING fargate-exec kept", "WARNING fargate-exec other"]);
});

describe("a job's output under the guard", () => {
  it.each([
    ["a plain line", "hello", "hello"],
    ["an old command at the beginning", "##[error]no", "\x1b[0m##[error]no"],
    ["an old command further on", "see ##[error]", "see ##[error]"],
    [
      "an old command behind a CR, which the runner takes for a line's end",
      "a\r##[group]b",
      "a\r\x1b[0m##[group]b",
    ],
    ["one at the beginning of each line", "##[x]\n##[y]", "\x1b[0m##[x]\n\x1b[0m##[y]"],
    ["a new command, which is stopped otherwise", "::error::no", "::error::no"],
    ["bytes that are no text", "##[\xff\xfe", "\x1b[0m##[\xff\xfe"],
  ])("with %s", (_, line, shown) => {
    expect(harmlessOutput(Buffer.from(line, "latin1")).toString("latin1")).toBe(shown);
  });
});
