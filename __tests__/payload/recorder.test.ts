import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import fc from "fast-check";
import { until } from "../helpers/until.ts";
import { openLogPipe } from "./log-pipe.ts";
import { hundreds, Recording, redact, stopAll } from "./recording.ts";

/** In this many milliseconds the recorder looks several times whether the spool may grow. */
const SEVERAL_LOOKS_MS = 300;

afterEach(stopAll);

/** Records a text that is written in these pieces, and gives the text of the spool. */
async function recordPieces(
  pieces: readonly (string | Buffer)[],
  secrets: readonly string[] = [],
): Promise<string> {
  const recording = await Recording.start(secrets);
  for (const piece of pieces) recording.write(piece);
  await recording.end();
  return recording.text();
}

describe("the recorder", () => {
  it("keeps every line, in order, and both streams apart", async () => {
    const lines = Array.from({ length: 20_000 }, (_, i) => `line ${i}\n`).join("");
    const recording = await Recording.start();
    recording.write("error 1\n", "0.e");
    recording.write(lines);
    recording.write("error 2\n", "0.e");
    await recording.end();
    expect(recording.text()).toBe(lines);
    expect(recording.text("stderr")).toBe("error 1\nerror 2\n");
  });

  it("writes a whole line of standard output as it is", async () => {
    const recording = await Recording.start();
    recording.write("plain\n\nx\r\n");
    await recording.end();
    expect(recording.spool.toString()).toBe("plain\n\nx\r\n");
  });

  it("shows the beginning of a line whose rest doesn't come", async () => {
    const recording = await Recording.start();
    recording.write("Password: ");
    await recording.shows("Password: ");
    recording.write("given\n");
    await recording.end();
    expect(recording.records()).toHaveLength(2);
    expect(recording.text()).toBe("Password: given\n");
  });

  it("keeps together what comes within a moment", async () => {
    const recording = await Recording.start();
    recording.write("a line ");
    recording.write("in pieces\n");
    await recording.end();
    expect(recording.records()).toHaveLength(1);
  });

  it("keeps output without a final newline as it is", async () => {
    expect(await recordPieces(["one\ntwo"])).toBe("one\ntwo");
  });

  it("does not wait for the end of a line that is too long to hold", async () => {
    const recording = await Recording.start();
    const text = "0123456789".repeat(200_000);
    recording.write(text);
    await recording.shows(text);
    const longest = recording.spool
      .toString("latin1")
      .split("\n")
      .map(({ length }) => length);
    expect(Math.max(...longest)).toBeLessThan(256 * 1024);
    recording.write("\n");
    await recording.end();
    expect(recording.text()).toBe(`${text}\n`);
  });
});

describe("redaction", () => {
  it.each<[string, string[], string, string]>([
    ["a value", ["hunter22"], "x hunter22 y\n", "x *** y\n"],
    ["every occurrence of a value", ["hunter22"], "hunter22, hunter22\n", "***, ***\n"],
    ["values that overlap", ["abcd", "cdef"], "xabcdefx\n", "x***x\n"],
    ["values that touch", ["abcd", "efgh"], "abcdefgh\n", "***\n"],
    ["a value that overlaps itself", ["abab"], "xababababx\n", "x***x\n"],
    ["a value within another", ["cdef", "abcdefgh"], "abcdefgh cdef\n", "*** ***\n"],
    ["a value that begins like another", ["abcdef", "abcxyz"], "abcabcdef abcabcxyz\n", "abc*** abc***\n"],
    ["a value with characters of regular expressions", ["a.*[b]\\d+$"], "a.*[b]\\d+$ axxb\n", "*** axxb\n"],
    ["a value with characters of a shell", [`$(x) 'y' "z" \`w\``], `<$(x) 'y' "z" \`w\`>\n`, "<***>\n"],
    ["each line of several", ["first line", "second line"], "first line\nsecond line\n", "***\n***\n"],
    ["a value with characters of several bytes", ["größe🚀"], "größe🚀!\n", "***!\n"],
    ["U+FFFD in a value", ["ab\ufffdcd"], "ab\ufffdcd\n", "***\n"],
    ["a mark in a value", ["\x1b]7733;abc"], "\x1b]7733;abc\n", "***\n"],
    ["nothing that is only like a value", ["hunter22"], "hunter2 unter22\n", "hunter2 unter22\n"],
    ["nothing when there are no values", [], "hunter22\n", "hunter22\n"],
  ])("hides %s", async (_, secrets, text, shown) => {
    expect(await recordPieces([text], secrets)).toBe(shown);
  });

  it("hides values on standard error too, and of every worker", async () => {
    const recording = await Recording.start(["hunter22"], 2);
    for (const pipe of ["0.o", "0.e", "1.o", "1.e"]) recording.write("hunter22\n", pipe);
    await recording.end();
    expect(recording.spool.includes("hunter22")).toBe(false);
  });

  it("hides a value that comes in two pieces, and holds back no more than may belong to it", async () => {
    const recording = await Recording.start(["hunter22", "huntsman"]);
    recording.write("user and hunt");
    await recording.shows("user and ");
    recording.write("er22 end\n");
    await recording.end();
    expect(recording.text()).toBe("user and *** end\n");
  });

  it("shows what only seemed to begin a value, once that is clear", async () => {
    const recording = await Recording.start(["hunter22"]);
    recording.write("a hunt");
    await recording.shows("a ");
    recording.write(" begins\n");
    await recording.end();
    expect(recording.text()).toBe("a hunt begins\n");
    expect(await recordPieces(["the hunt"], ["hunter22"])).toBe("the hunt");
  });

  it("holds a value back that may still grow into a longer one", async () => {
    const recording = await Recording.start(["abcd", "abcdefgh"]);
    recording.write("x abcd");
    await recording.shows("x ");
    recording.write("efgh y\n");
    await recording.end();
    expect(recording.text()).toBe("x *** y\n");
  });

  it.each([
    ["follows", "efgh y\n", "x *** y\n"],
    ["does not follow", "! y\n", "x ***! y\n"],
  ])("shows no part of a value whose end may begin another one, which then %s", async (_, rest, shown) => {
    const recording = await Recording.start(["abcd", "cdefgh"]);
    recording.write("x abcd");
    await recording.shows("x ");
    recording.write(rest);
    await recording.end();
    expect(recording.text()).toBe(shown);
  });

  it("hides a value wherever it lies in a line that is too long to hold", async () => {
    const recording = await Recording.start(["hunter22"]);
    const filler = "z".repeat(65_530);
    for (let i = 0; i < 8; i += 1) recording.write(`${filler}hunter22`);
    recording.write("\n");
    await recording.end();
    expect(recording.text()).toBe(`${`${filler}***`.repeat(8)}\n`);
  });

  it.each([
    ["of many sizes", 5, 60],
    ["none of which is short", 16, 60],
    ["all of which are short", 4, 6],
  ])("hides each of hundreds of values, %s", async (_, minLength, maxLength) => {
    const { secrets, lines } = hundreds(minLength, maxLength);
    const text = await recordPieces([lines.map((line) => `${line}\n`).join("")], secrets);
    expect(text).toBe(lines.map((line) => `${redact(line, secrets)}\n`).join(""));
  });

  it("holds little of secrets that touch for longer than a buffer, and shows them as one", async () => {
    const chain = "a".repeat(1 << 20);
    const began = performance.now();
    const secrets = ["aaaa", "aaab", "ab12345"];
    expect(await recordPieces([`x${chain}`, "c\n", chain, "b12345\n", chain, "b1234"], secrets)).toBe(
      "x***c\n***\n***1234",
    );
    // A recorder that looks at all that it holds at each read takes minutes.
    expect(performance.now() - began).toBeLessThan(40_000);
  }, 60_000);

  it("hides every value in every line, however they are cut", async () => {
    const secrets = ["abab", "abba", "babbab", "aabb"];
    const recording = await Recording.start(secrets);
    const lines = fc.sample(fc.string({ unit: fc.constantFrom("a", "b", "c"), maxLength: 40 }), {
      numRuns: 2_000,
      seed: 7,
    });
    const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(""));
    for (let at = 0, size = 1; at < bytes.length; at += size, size = 1 + ((size * 7) % 61))
      recording.write(bytes.subarray(at, at + size));
    await recording.end();
    // Where a line was cut, two values that touch may be shown as two.
    const once = (text: string): string => text.replace(/(\*\*\*)+/g, "***");
    expect(once(recording.text())).toBe(once(lines.map((line) => `${redact(line, secrets)}\n`).join("")));
  });
});

describe("text that is escaped in the spool", () => {
  it("comes back as it was: marks that the job prints", async () => {
    const text = "\x1b]7733;e\x07x\n\x1b]7733;+\x07\na\x1b]7733;0123;. 0 exited 0=0:0\x07\n";
    const recording = await Recording.start();
    recording.write(text);
    await recording.end();
    expect(recording.text()).toBe(text);
    expect(recording.records().every((r) => r.kind === "text" && r.ends && r.stream === "stdout")).toBe(true);
  });

  it("comes back as it was: U+FFFD, which the exec agent does not carry whole", async () => {
    const recording = await Recording.start();
    recording.write("a\ufffd\ufffdb\n");
    await recording.end();
    expect(recording.spool.includes("\ufffd")).toBe(false);
    expect(recording.text()).toBe("a\ufffd\ufffdb\n");
  });
});

describe("several workers", () => {
  it("have their own prefix on every line, each stream with its own source", async () => {
    const recording = await Recording.start([], 2);
    recording.write("a\nb\n", "0.o");
    recording.write("c\n", "1.o");
    recording.write("d\n", "1.e");
    await recording.end();
    expect(recording.text().split("\n").toSorted()).toEqual(["", "[0] a", "[0] b", "[1] c"]);
    expect(recording.text("stderr", "e1")).toBe("[1] d\n");
  });

  it("do not mix their lines", async () => {
    const recording = await Recording.start([], 2);
    recording.write("I am ", "0.o");
    recording.write("and I ", "1.o");
    await recording.shows("[0] I am ");
    await recording.shows("[1] and I ");
    recording.write("one\n", "1.o");
    recording.write("zero\nnext\n", "0.o");
    await recording.end();
    expect(recording.text("stdout", "o0")).toBe("[0] I am zero\n");
    expect(recording.text("stdout", "o1")).toBe("[1] and I one\n");
    expect(recording.text("stdout", "")).toBe("[0] next\n");
  });
});

describe("at the job's end", () => {
  it("what is in the pipes is still recorded, though a process holds them open", async () => {
    const recording = await Recording.start(["hunter22"]);
    const lines = Array.from({ length: 4_000 }, (_, i) => `last ${i}\n`).join("");
    recording.write(lines);
    recording.write("and hunt", "0.e");
    expect(await recording.term()).toBe(0);
    expect(recording.text()).toBe(lines);
    expect(recording.text("stderr")).toBe("and hunt");
  });

  it("a daemon that goes on printing does not keep the step waiting, and still has a reader", async () => {
    const recording = await Recording.start();
    recording.write("before\n");
    expect(await recording.term()).toBe(0);
    // More than a pipe holds, so something has to read it. Without a reader the write would fail.
    recording.write("x".repeat(1024 * 1024));
    expect(recording.text()).toBe("before\n");
  });

  it("a daemon is read from until it ends", async () => {
    const recording = await Recording.start();
    expect(await recording.term()).toBe(0);
    expect(recording.processes).toHaveLength(1);
    for (const pipe of ["0.o", "0.e"]) recording.close(pipe);
    await until(() => recording.processes.length === 0);
  });

  it("no recorder reads for a worker that never began", async () => {
    const recording = await Recording.start([], 2, 1);
    for (const pipe of ["0.o", "0.e"]) recording.close(pipe);
    expect(await recording.term()).toBe(0);
    expect(recording.processes).toEqual([]);
  });

  it("a daemon that never pauses does not keep the step waiting either", async () => {
    const recording = await Recording.start();
    const timer = setInterval(() => recording.write("tick\n"), 1);
    try {
      expect(await recording.term()).toBe(0);
    } finally {
      clearInterval(timer);
    }
  });
});

it("a recorder waits at its limit for the reader, and has room for last words only once the workers were told to stop", async () => {
  const recording = await Recording.start([], 1, 1, { limit: 8, segment: 4 });
  const make = (name: string): void => writeFileSync(join(recording.directory, name), "");
  for (const line of ["aaa\n", "bbb\n"]) {
    recording.write(line);
    await recording.shows(line);
  }
  recording.write("ccc\n");
  await until(() => existsSync(join(recording.directory, "held")));
  make("stopping");
  await sleep(SEVERAL_LOOKS_MS);
  expect(recording.text()).toBe("aaa\nbbb\n");
  make("told");
  await recording.shows("ccc\n");
  recording.write("ddd\n");
  await sleep(SEVERAL_LOOKS_MS);
  expect(recording.text()).toBe("aaa\nbbb\nccc\n");
  // Once the workers have ended, all that is in the pipes is recorded in spite of the limit.
  expect(await recording.term()).toBe(0);
  expect(recording.text()).toBe("aaa\nbbb\nccc\nddd\n");
});

it("a recorder at its limit goes on when it can't write that the job is held, as on a full disk", async () => {
  const recording = await Recording.start([], 1, 1, { limit: 8, segment: 4 });
  mkdirSync(join(recording.directory, "held.new"));
  for (const line of ["aaa\n", "bbb\n"]) {
    recording.write(line);
    await recording.shows(line);
  }
  // Several looks at a full spool.
  await sleep(SEVERAL_LOOKS_MS);
  recording.write("ccc\n");
  // The reader confirms.
  rmSync(join(recording.directory, "out.0"));
  await recording.shows("ccc\n");
  expect(await recording.term()).toBe(0);
});

describe("the copy for the container's own log", () => {
  const unlimited = { limit: 1024 ** 4, segment: 1024 ** 3 };
  const startEchoing = (path: string, secrets: readonly string[] = [], workers = 1): Promise<Recording> =>
    Recording.start(secrets, workers, workers, { ...unlimited, echo: [path] });

  it("has what the job printed, without secrets and without marks", async () => {
    const pipe = openLogPipe();
    const recording = await startEchoing(pipe.path, ["hunter22"], 2);
    recording.write("token hunter22\n");
    recording.write("to standard error\n", "1.e");
    await until(() => recording.text("stderr").includes("standard error"));
    recording.write("\x1b]7733;+\x07, \x1b]7733;?\x07 and \ufffd, as they are\n");
    await recording.end();
    const lines = pipe.text().trimEnd().split("\n").toSorted();
    expect(lines).toEqual([
      "[0] \x1b]7733;+\x07, \x1b]7733;?\x07 and \ufffd, as they are",
      "[0] token ***",
      "[1] to standard error",
    ]);
    pipe.close();
  });

  it("never holds the job up: what a full pipe does not take is left out, and the copy says how much", async () => {
    const pipe = openLogPipe();
    const recording = await startEchoing(pipe.path);
    const lines = hundredThousandLines("while nothing reads");
    recording.write(lines);
    await recording.shows("99999 while nothing reads");
    await until(() => {
      pipe.text();
      recording.write("again\n");
      return /\[fargate-exec: \d+ bytes of output are left out here\]\n/.test(pipe.text());
    });
    await recording.end();
    expect(recording.text().startsWith(lines)).toBe(true);
    const kept = pipe.text().replace(/\[fargate-exec: \d+ bytes of output are left out here\]\n/g, "");
    const left = [...pipe.text().matchAll(/\[fargate-exec: (\d+) bytes/g)].reduce(
      (sum, [, n]) => sum + Number(n),
      0,
    );
    expect(kept.length + left).toBe(recording.text().length);
    pipe.close();
  });

  it("has the rest within half a second of the end, and a note says so when it has not", async () => {
    const note = (recording: Recording): string => {
      const path = join(recording.directory, "notes");
      return existsSync(path) ? readFileSync(path, "utf8") : "";
    };
    const [slow, full] = [openLogPipe(), openLogPipe()];
    const [late, never] = [await startEchoing(slow.path), await startEchoing(full.path)];
    const lines = hundredThousandLines("for a burst");
    for (const recording of [late, never]) recording.write(lines);
    await Promise.all([late.shows("99999 for"), never.shows("99999 for")]);
    const ended = Promise.all([late.end(), never.end()]);
    await until(() => slow.text().endsWith("bytes of output are left out here]\n"));
    await ended;
    expect(note(late)).toBe("");
    expect(note(never)).toContain("The last of the output is not in the container's log");
    slow.close();
    full.close();
  });

  it("ends without harm when nothing reads the pipe any more", async () => {
    const pipe = openLogPipe();
    const recording = await startEchoing(pipe.path);
    pipe.close();
    recording.write("one\n");
    recording.write("two\n");
    await recording.end();
    expect(recording.text()).toBe("one\ntwo\n");
  });

  it.each([
    ["is a file, which another user may have put there", true],
    ["is not there", false],
  ])("is not made when standard output %s, and a note says so", async (_, isFile) => {
    const path = join(mkdtempSync(join(tmpdir(), "echo-")), "stdout");
    if (isFile) writeFileSync(path, "as it was\n");
    const recording = await startEchoing(path);
    recording.write("hello\n");
    await recording.end();
    expect(recording.text()).toBe("hello\n");
    expect(readFileSync(join(recording.directory, "notes"), "utf8")).toMatch(
      /^The output is not copied to the container's log: .+\.\n$/,
    );
    expect(isFile ? readFileSync(path, "utf8") : "as it was\n").toBe("as it was\n");
  });

  function hundredThousandLines(text: string): string {
    return Array.from({ length: 100_000 }, (_, at) => `${at} ${text}\n`).join("");
  }
});
