import { Writable } from "node:stream";
import { Terminal, type TerminalStream } from "../../../src/doors/cli/terminal.ts";
import { SteppedClock } from "../../helpers/stepped-clock.ts";

function terminal(
  stream: Partial<TerminalStream> = {},
  more: { quiet?: boolean; verbose?: boolean; canErase?: boolean; showsBytes?: boolean } = {},
) {
  let shown = "";
  const clock = new SteppedClock();
  const one = new Terminal({
    stream: { write: (text) => (shown += text), ...stream },
    ...{ quiet: false, verbose: false, canErase: true, ...more },
    clock,
  });
  const print = (text: string): void => void (shown += text);
  return { one, shown: () => shown, print, wait: (ms: number) => clock.advance(ms) };
}

const page = "https://example.com/errors.md#x";
const TTY = { isTTY: true, columns: 60, hasColors: () => true };

function playRun(one: Terminal): void {
  one.phase("Looking");
  one.info("a detail");
  one.debug("a fault");
  one.warning("not as asked\nat all");
  one.started("The script runs", "header");
  one.phase();
  one.error({ message: "It failed.\nSeen.", page });
}

it("writes each thing as a line when there is no terminal", () => {
  const { one, shown } = terminal();
  playRun(one);
  expect(shown().split("\n")).toEqual([
    ...["fargate-exec: Looking", "fargate-exec: a detail", "fargate-exec: warning: not as asked"],
    ...["fargate-exec:   at all", "fargate-exec: The script runs"],
    ...["fargate-exec: error: It failed.", "fargate-exec:   Seen.", `fargate-exec:   See ${page}`, ""],
  ]);
});

it("says only warnings and errors when it is quiet, and all when it is verbose", () => {
  const quiet = terminal({}, { quiet: true });
  playRun(quiet.one);
  expect(quiet.shown()).toMatch(
    /^fargate-exec: warning: not as asked\n.*at all\nfargate-exec: error: It failed/,
  );
  const verbose = terminal({}, { verbose: true });
  playRun(verbose.one);
  expect(verbose.shown()).toContain("fargate-exec: a fault\n");
  expect(verbose.shown()).toContain("fargate-exec: header\n");
});

it("writes its line over and over on a terminal, and erases it before other lines", () => {
  const { one, shown, wait } = terminal(TTY);
  one.phase("Starting a task");
  wait(12_300);
  one.info("pulling the image of a registry that is far away");
  one.started("The script runs", "header");
  one.end();
  const erase = "\r\x1b[K";
  expect(shown()).toBe(
    `${erase}fargate-exec: Starting a task` +
      // Once for the time that goes by, and once for the detail.
      `${erase}fargate-exec: Starting a task (12 s)` +
      `${erase}fargate-exec (12 s): pulling the image of a registry that i` +
      `${erase}fargate-exec: The script runs\n`,
  );
});

it("shows on a narrow terminal what is waited for, and of a task's ID the begin, when the whole line has no room", () => {
  const { one, shown } = terminal({ ...TTY, columns: 80 });
  const last = (): string | undefined => shown().split("\r\x1b[K").at(-1);
  const task = "79c67e057541ee87ac0ec1c3de120011";
  one.phase(`Opening a shell in container 'web' of task ${task}`);
  expect(last()).toBe("fargate-exec: Opening a shell in container 'web' of task 79c67e05");
  one.info("no agent");
  expect(last()).toBe("fargate-exec: Opening a shell in container 'web' of task 79c67e05: no agent");
  one.info(`Container 'web' of task ${task} is in use by session 1; waiting`);
  expect(last()).toBe("fargate-exec: Container 'web' of task 79c67e05 is in use by session 1; waiting");
  one.end();
});

it.each<[string, Partial<TerminalStream>]>([
  ["that does not know its size", { ...TTY, columns: 0 }],
  ["that has no size", { isTTY: true }],
])("fills a line of 80 columns on a terminal %s", (_, stream) => {
  const { one, shown } = terminal(stream);
  one.phase("x".repeat(100));
  one.end();
  expect(shown()).toContain(`fargate-exec: ${"x".repeat(79 - "fargate-exec: ".length)}\r`);
});

it("has colours on a terminal that shows them, and no escape sequence on one that has neither colours nor erasing", () => {
  const coloured = terminal(TTY);
  coloured.one.warning("a");
  expect(coloured.shown()).toBe("fargate-exec: \x1b[33mwarning:\x1b[0m a\n");
  const plain = terminal({ ...TTY, hasColors: () => false }, { canErase: false });
  playRun(plain.one);
  expect(plain.shown()).not.toContain("\x1b");
});

it("names what is unfinished when the run ends early", () => {
  const { one, shown } = terminal();
  one.leave();
  one.unfinished(() => ["Stopping task x.", "Deleting s3://b/k."]);
  one.leave();
  expect(shown()).toBe(
    "fargate-exec: warning: Left before this was done:\nfargate-exec:   Stopping task x.\nfargate-exec:   Deleting s3://b/k.\n",
  );
});

describe("the bytes of a copy", () => {
  const copy = (one: Terminal, wait: (ms: number) => void): void => {
    one.phase("Waiting for container 'app'");
    for (let done = 0; done <= 30_000_000; done += 1_000_000) {
      one.progress(done, 30_000_000);
      wait(100);
    }
  };

  it("are shown on a terminal, as a share of a total that is known, in a line that is drawn some times a second", () => {
    const { one, shown, wait } = terminal(TTY, { showsBytes: true });
    copy(one, wait);
    const drawn = shown()
      .split("\r\x1b[K")
      .filter((line) => line.includes(" %"));
    expect(drawn[0]).toBe("fargate-exec: Copying: 0 %");
    expect(drawn.at(-1)).toBe("fargate-exec: Copying (3 s): 100 %");
    // Once a second also for the time that goes by.
    expect(drawn.length).toBeLessThanOrEqual(20);
    one.end();
  });

  it("are shown also after the script has begun, and without a total that is not known", () => {
    const { one, shown } = terminal(TTY, { showsBytes: true });
    one.started("The script runs", "header");
    one.progress(2_500_000);
    expect(shown()).toContain("fargate-exec: Copying: 2.5 MB");
    one.end();
  });

  it.each([
    ["without a terminal", {}, { showsBytes: true }],
    ["when it is quiet", TTY, { showsBytes: true, quiet: true }],
    ["of a command that does not copy", TTY, {}],
  ])("are not shown %s", (_, stream, more) => {
    const { one, shown, wait } = terminal(stream, more);
    copy(one, wait);
    expect(shown()).not.toContain("Copying");
    one.end();
  });

  it("of little are not shown", () => {
    const { one, shown } = terminal(TTY, { showsBytes: true });
    one.progress(10, 4_000);
    expect(shown()).toBe("");
  });
});

it("draws nothing while another program has the terminal, and says then what was to be said meanwhile", () => {
  const { one, shown, wait } = terminal(TTY);
  one.phase("Opening a shell");
  one.started("The shell is here", "");
  one.lend(true);
  const before = shown();
  one.phase("Cleaning up");
  wait(10_000);
  one.info("a detail");
  one.warning("not as asked");
  expect(shown()).toBe(before);
  one.lend(false);
  expect(shown().slice(before.length)).toBe("fargate-exec: \x1b[33mwarning:\x1b[0m not as asked\n");
});

describe("once the ports of a forward are open", () => {
  const play = (one: Terminal, wait: (ms: number) => void): void => {
    one.info("The session is lost.");
    one.phase("Forwarding into another task");
    wait(10_000);
    one.info("task is ready");
    one.warning("not as asked");
  };

  it("a terminal gets warnings only while a command has its screen, and progress behind that", () => {
    const { one, shown, wait } = terminal({ ...TTY, hasColors: () => false });
    one.settle("command");
    play(one, wait);
    expect(shown()).toBe("fargate-exec: warning: not as asked\n");
    one.settle(undefined);
    one.info("The forward carried 1 connection.");
    one.phase("Cleaning up");
    one.end();
    expect(shown()).toContain("The forward carried 1 connection.\n\r\x1b[Kfargate-exec: Cleaning up\r");
  });

  it("each message is a line where there is no command, or no terminal", () => {
    const lines = [
      "The session is lost.",
      "Forwarding into another task",
      "task is ready",
      "warning: not as asked",
    ];
    for (const [stream, beside] of [
      [TTY, "nobody"],
      [{}, "command"],
    ] as const) {
      const { one, shown, wait } = terminal({ ...stream, hasColors: () => false });
      one.settle(beside);
      play(one, wait);
      expect(shown()).toBe(lines.map((line) => `fargate-exec: ${line}\n`).join(""));
    }
  });
});

describe("how far the items are", () => {
  const erase = "\r\u001b[K";
  const bar = `${erase}[##########----------] 5 of 10 items done`;

  it("is drawn in one place of a terminal, and gone at the end", () => {
    const { one, shown } = terminal(TTY);
    expect(one.gauge(0, "0 of 10 items done")).toBe(true);
    expect(one.gauge(0.5, "5 of 10 items done")).toBe(true);
    expect(one.gauge(undefined, "")).toBe(true);
    expect(shown()).toBe(`${erase}[--------------------] 0 of 10 items done${bar}${erase}`);
  });

  it.each([
    [100, "[##########----------] 5 of 10 items done, 1 of them failed, 2 in hand, about 95 s left"],
    [80, "[#####-----] 5 of 10 items done, 1 of them failed, 2 in hand, about 95 s left"],
    [73, "[##---] 5 of 10 items done, 1 of them failed, 2 in hand, about 95 s left"],
    [66, "5 of 10 items done, 1 of them failed, 2 in hand, about 95 s left"],
    [60, "5 of 10 items done, 1 of them failed, about 95 s left"],
    [40, "5 of 10 items done, about 95 s left"],
    [30, "5 of 10 items done, about 95 "],
  ])("has the likely time left in %i columns, for which the bar is shortened first", (columns, line) => {
    const { one, shown } = terminal({ isTTY: true, columns });
    one.gauge(0.5, "5 of 10 items done, 1 of them failed, 2 in hand, about 95 s left");
    expect(shown()).toBe(`${erase}${line}`);
  });

  it.each<[string, Parameters<typeof terminal>]>([
    ["a file", [{}]],
    ["a quiet run", [TTY, { quiet: true }]],
    ["a terminal that can't erase", [TTY, { canErase: false }]],
  ])("is not drawn in %s", (_, options) => {
    const { one, shown } = terminal(...options);
    expect(one.gauge(0.5, "5 of 10 items done")).toBe(false);
    expect(shown()).toBe("");
  });

  it("stands below what the job prints on the same terminal, and waits for the end of a line", async () => {
    const { one, shown, print } = terminal(TTY);
    const tty = Object.assign(
      new Writable({
        write: (bytes: Buffer, _, done) => {
          print(bytes.toString());
          done();
        },
      }),
      { isTTY: true },
    );
    one.gauge(0.5, "5 of 10 items done");
    const { stdout } = one.above({ stdout: tty, stderr: tty });
    for (const text of ["whole\n", "open", "ed\n"])
      await new Promise((resolve) => stdout.write(text, resolve));
    expect(shown()).toBe(`${bar}${erase}whole\n${bar}${erase}opened\n${bar}`);
  });

  it("leaves output that goes to a file as it is", () => {
    const { one } = terminal(TTY);
    const file = new Writable();
    expect(one.above({ stdout: file, stderr: file })).toEqual({ stdout: file, stderr: file });
  });
});
