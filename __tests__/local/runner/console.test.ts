import { Console } from "../../../local/runner/console.ts";
import { Masker } from "../../../local/runner/masker.ts";

/** A console that has received these lines. */
function consoleOf(lines: readonly string[], debugging = false): Console {
  const console = new Console({ masker: new Masker(), debugging, onLine: () => undefined });
  for (const line of lines) console.receive(line);
  return console;
}

describe("commands", () => {
  it.each([
    ["a command at the start", ["::error::x"], ["##[error]x"]],
    ["blanks before it", ["  ::error::x"], ["##[error]x"]],
    ["any case", ["::ERROR::x"], ["##[error]x"]],
    ["text before it", ["a ::error::x"], ["a ::error::x"]],
    ["the older form, anywhere in the line", ["a ##[error]x"], ["##[error]x"]],
    ["the older form of a name that is no command", ["##[section]x"], ["##[section]x"]],
    ["a name that is no command", ["::nonsense::x"], ["::nonsense::x"]],
    ["no second ::", ["::error x"], ["::error x"]],
    ["colons that are no command", ["std::vector::push"], ["std::vector::push"]],
    ["groups", ["::group::Build", "x", "::endgroup::y"], ["##[group]Build", "x", "##[endgroup]"]],
    ["markers of the runner itself", ["##[start-action x]"], ["##[\\start-action x]"]],
    ["debug, which is not shown", ["::debug::x"], []],
    ["several lines in one message", ["::error::a%0Ab"], ["##[error]a", "b"]],
    ["matchers, which match nothing here", ["::add-matcher::m.json", "::remove-matcher owner=x::"], []],
  ])("obeys or prints: %s", (_, lines, log) => {
    expect(consoleOf(lines).log).toEqual(log);
  });

  it("shows debug lines and echoes commands when debugging", () => {
    expect(consoleOf(["::debug::a%0Ab", "::set-output name=x::1"], true).log).toEqual([
      "##[debug]a",
      "##[debug]b",
      "::set-output name=x::1",
    ]);
  });

  it("turns echo on and off", () => {
    const lines = ["::echo::on", "::save-state name=a::1", "::echo::off", "::save-state name=b::2"];
    const console = consoleOf(lines);
    expect(console.log).toEqual(["::save-state name=a::1", "::echo::off"]);
    expect(Object.fromEntries(console.state)).toEqual({ a: "1", b: "2" });
  });

  it.each([
    ["::set-env name=A::1", "The `set-env` command is disabled."],
    ["::add-path::/x", "The `add-path` command is disabled."],
    ["::set-output::1", "Required field 'name' is missing in ##[set-output] command."],
    ["::echo::loud", "Invalid echo command value."],
  ])("fails the step for %s", (line, why) => {
    const console = consoleOf([line]);
    expect(console.commandFailed).toBe(true);
    expect(console.annotations[0]?.message).toBe(`Unable to process command '${line}' successfully.`);
    expect(console.annotations[1]?.message).toContain(why);
  });
});

describe("annotations", () => {
  it.each([
    ["::error::x", { level: "error", message: "x" }],
    ["::warning title=Look%2C here::x%25", { level: "warning", message: "x%", title: "Look, here" }],
    [
      "::notice file=a.ts,line=1,title=T::x",
      { level: "notice", message: "x", title: "T", file: "a.ts", line: "1" },
    ],
    ["##[error title=A%3BB]x%5D", { level: "error", message: "x]", title: "A;B" }],
    ["::error title=a=b::100%2525", { level: "error", message: "100%25", title: "a=b" }],
  ])("are read from %s", (line, annotation) => {
    const console = consoleOf([line]);
    expect(console.annotations).toEqual([annotation]);
    expect(console.commandFailed).toBe(false);
  });

  it("are ten of a level at most, while the log has all of them", () => {
    const console = consoleOf([...Array<string>(12).fill("::error::x"), "::warning::y"]);
    expect(console.annotations).toHaveLength(11);
    expect(console.log).toHaveLength(13);
  });

  it("are cut at 4096 characters, after masking", () => {
    const console = consoleOf(["::add-mask::hunter2", `::error::${"x".repeat(4090)}hunter2hunter2`]);
    expect(console.annotations[0]?.message).toBe(`${"x".repeat(4090)}***`);
    expect(consoleOf([`::error::${"x".repeat(5000)}`]).annotations[0]?.message).toHaveLength(4096);
  });
});

describe("masks", () => {
  it("apply to all later output, line by line", () => {
    const console = consoleOf([
      "hunter2",
      "::add-mask::hunter2%0A  second  ",
      "a hunter2 b",
      "second",
      "::error::hunter2",
    ]);
    expect(console.log).toEqual(["hunter2", "a *** b", "***", "##[error]***"]);
    expect(console.rawLog).toEqual(["hunter2", "a hunter2 b", "second", "##[error]hunter2"]);
    expect(console.annotations).toEqual([{ level: "error", message: "***" }]);
  });

  it("of an empty value cause a warning", () => {
    expect(consoleOf(["::add-mask:: "]).log).toEqual([
      "##[warning]Can't add secret mask for empty string in ##[add-mask] command.",
    ]);
  });
});

describe("stop-commands", () => {
  it("prints commands until the token comes, which is masked", () => {
    const console = consoleOf([
      "::stop-commands::token-123",
      "::error::printed",
      "##[error]printed",
      "::stop-commands::other",
      "::TOKEN-123::",
      "::error::obeyed",
    ]);
    expect(console.log).toEqual([
      "::stop-commands::***",
      "::error::printed",
      "##[error]printed",
      "::stop-commands::other",
      "::TOKEN-123::",
      "##[error]obeyed",
    ]);
    expect(console.annotations).toEqual([{ level: "error", message: "obeyed" }]);
  });

  it("does not mask a token of six characters", () => {
    expect(consoleOf(["::stop-commands::abcdef", "::abcdef::"]).log).toEqual([
      "::stop-commands::abcdef",
      "::abcdef::",
    ]);
  });

  it("mask nothing meanwhile: add-mask is printed like any other command", () => {
    expect(consoleOf(["::stop-commands::abcdef", "::add-mask::hunter2", "hunter2"]).log).toContain("hunter2");
  });

  it.each(["", "error", "pause-logging"])("refuses the token %j", (token) => {
    const console = consoleOf([`::stop-commands::${token}`, "::error::obeyed"]);
    expect(console.commandFailed).toBe(true);
    expect(console.annotations.map(({ message }) => message)).toEqual([
      expect.stringContaining("You cannot use a endToken"),
      "obeyed",
    ]);
  });
});
