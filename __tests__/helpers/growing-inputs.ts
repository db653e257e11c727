import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { Readable } from "node:stream";
import { gzipSync } from "node:zlib";
import { Header } from "tar/header";
import { discard, readTar } from "../../src/report/artifacts/tar.ts";
import { Unpacker } from "../../src/report/artifacts/unpack.ts";
import { Directory } from "../../src/inputs/beneath/directory.ts";
import { Way } from "../../src/inputs/beneath/way.ts";
import { parseFact } from "../../src/report/artifacts/facts.ts";
import { systemClock } from "../../src/clock.ts";
import { AskedNames } from "../../src/inputs/asked-names.ts";
import { parseHandle } from "../../src/inputs/handle.ts";
import { ByteFlow } from "../../src/run/job/byte-flow.ts";
import { ScriptFiles } from "../../src/run/job/script-files.ts";
import { Unsettled } from "../../src/run/job/unsettled.ts";
import { CaseReader } from "../../src/report/junit/case-reader.ts";
import { CheckoutFiles } from "../../src/report/junit/checkout-files.ts";
import { matchingFiles } from "../../src/report/junit/matching-files.ts";
import { Tally } from "../../src/report/junit/tally.ts";
import { readXml } from "../../src/report/junit/xml.ts";
import { parseControl } from "../../src/carriers/pieces/orders.ts";
import { takeStep } from "../../src/queue/claim-steps.ts";
import { LARGEST_QUEUE, parseQueue } from "../../src/queue/queue-state.ts";
import { parseOutputFile } from "../../src/report/file-commands.ts";
import { findBashUse } from "../../src/report/bash-words.ts";
import { findLastLine, findNamedLine } from "../../src/report/last-words.ts";
import { Guard } from "../../src/report/show/guard.ts";
import { linesOf } from "../../src/report/show/lines.ts";
import { Printer } from "../../src/report/show/printer.ts";
import { harmlessLine, harmlessText } from "../../src/report/show/sanitise.ts";
import { harmlessOutput, Screen } from "../../src/report/show/screen.ts";
import { BEL, LITERAL, MARK, OPEN, sessionMark } from "../../src/carriers/stream/marks.ts";
import { StepBudget } from "../../src/run/step-budget.ts";
import { OpeningReader } from "../../src/session/forward/opening.ts";
import { Terminal } from "../../src/carriers/stream/terminal.ts";
import { SeenJob } from "./extracted.ts";
import { RecordReader } from "../../src/carriers/stream/records.ts";

/** A text or bytes of about `size`, as a container or a bucket may send them to cost as much time as they can. */
export interface GrowingInput {
  /** What reads it. */
  readonly parser: string;
  /** What the input has. */
  readonly what: string;
  /** The smaller one of two sizes for which the time is compared. */
  readonly size: number;
  /** Makes the input. Returns what reads it. */
  readonly prepare: (size: number) => () => unknown;
}

const KIB = 1024;
const MIB = 1024 * KIB;
const NONCE = "0".repeat(32);
const CHUNK = 64 * KIB;

/** The text again and again, of this size. */
function times(text: string, size: number): string {
  return text.repeat(Math.max(1, Math.ceil(size / text.length))).slice(0, size);
}

function drain(items: Iterable<unknown>): number {
  const iterator = items[Symbol.iterator]();
  let count = 0;
  while (iterator.next().done !== true) count += 1;
  return count;
}

/** The chunks in which a file or a socket gives bytes. */
function chunksOf(bytes: Buffer, size = CHUNK): Buffer[] {
  return Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) =>
    bytes.subarray(i * size, (i + 1) * size),
  );
}

async function readReport(report: string): Promise<void> {
  const tally = new Tally();
  const reader = new CaseReader((test) => tally.add(test, "a.xml", "task 3: "));
  await readXml(Readable.from(chunksOf(Buffer.from(report))), reader);
  reader.end();
  await tally.results(() => Promise.resolve(undefined));
}

function report(what: string, size: number, text: (size: number) => string): GrowingInput {
  return {
    ...{ parser: "reports", what, size },
    prepare: (wanted) => {
      const made = text(wanted);
      return () => readReport(made);
    },
  };
}

const failing = (text: string, names = ""): string =>
  `<testsuite><testcase ${names}><failure>${text}</failure></testcase></testsuite>`;
const inCase = (text: string): string => `<testsuite name="s"><testcase>${text}</testcase></testsuite>`;

const REPORTS: readonly GrowingInput[] = [
  report("titles of a terminal that never end", 8 * KIB, (size) => failing(times("\x1b]0;", size))),
  report("control sequences without an end", 8 * KIB, (size) => failing(times("\x1b[0;", size))),
  report("a suite's name of blanks, and tests in it", 256 * KIB, (size) => {
    const name = " ".repeat(Math.min(size / 2, 250 * KIB));
    return `<testsuite name="${name}x">${times("<testcase/>", size / 2)}</testsuite>`;
  }),
  report("a long class, and files of Go without a package", 16 * KIB, (size) =>
    failing(times("a.go:1\n", size / 2), `classname="${times("a/", size / 2)}"`),
  ),
  report("a long file, named by a suite with failed tests", 64 * KIB, (size) => {
    const tests = times(`<testcase><failure/></testcase>`, size / 2);
    return `<testsuite file="${times("a/", size / 2)}">${tests}</testsuite>`;
  }),
  report("a failure's text in small parts", 512 * KIB, (size) => failing(times("x<b/>", size))),
  report("paths without an end", 16 * KIB, (size) => failing(times("=a/", size))),
  report("dots of a frame", 16 * KIB, (size) => failing(`at ${times("a.", size)}(`)),
  report("brackets of a path", 16 * KIB, (size) => failing(times("/[a]", size))),
  report("blanks in a text", 16 * KIB, (size) => failing(times(" ", size))),
  report("line ends in a text", 16 * KIB, (size) => failing(times("\r", size))),
  report("tests", 256 * KIB, (size) => `<testsuite>${times('<testcase name="a" time="1"/>', size)}`),
  report("suites", 256 * KIB, (size) =>
    Array.from({ length: size / 40 }, (_, i) => `<testsuite name="${i}"><testcase/></testsuite>`).join(""),
  ),
  report("references to characters", 256 * KIB, (size) => inCase(times("&#1;", size))),
  report("entities that never end", 60 * KIB, (size) => inCase(`&${times("a", size)}`)),
  report("a declaration that never ends", 64 * KIB, (size) => inCase(`<!${times("a", size)}`)),
  report("brackets of CDATA", 512 * KIB, (size) => inCase(`<![CDATA[${times("]]", size)}`)),
  report("dashes of a comment", 60 * KIB, (size) => inCase(`<!--${times("- ", size)}`)),
  report("attributes", 256 * KIB, (size) =>
    inCase(`<a ${Array.from({ length: 90 }, (_, i) => `a${i}="${"&amp;".repeat(size / 450)}"`).join(" ")}/>`),
  ),
  report("panics of suites", 128 * KIB, (size) => {
    const suite = "<testsuite><testcase><failure/></testcase><system-out>  panic: </system-out></testsuite>";
    return `<testsuites>${suite.repeat(size / suite.length)}</testsuites>`;
  }),
];

function spool(what: string, size: number, text: (size: number) => string, chunk = CHUNK): GrowingInput {
  return {
    ...{ parser: "spool", what, size },
    prepare: (wanted) => {
      const chunks = chunksOf(Buffer.from(text(wanted), "latin1"), chunk);
      return () => {
        const reader = new RecordReader(4);
        const { memory } = new StepBudget();
        const printer = new Printer({
          memory,
          write: () => undefined,
          ...{ keep: { stream: MIB, worker: 8_192 }, onHeader: () => undefined, continued: "", workers: 4 },
        });
        const files = new ScriptFiles(memory);
        const unsettled = new Unsettled(memory, { files });
        for (const each of chunks)
          for (const item of reader.read(each)) {
            printer.print(item);
            unsettled.take(item);
          }
        printer.end();
        unsettled.settle();
        files.written();
      };
    },
  };
}

const SPOOLS: readonly GrowingInput[] = [
  spool("empty lines", 512 * KIB, (size) => times("\n", size)),
  spool("beginnings of marks", 512 * KIB, (size) => `${times(MARK, size)}\n`),
  spool("marks in the middle of lines", 512 * KIB, (size) => times(`a${MARK}b\n`, size)),
  spool("stand-ins", 512 * KIB, (size) => `${times(LITERAL, size)}\n`),
  spool("tags", 512 * KIB, (size) => times(`${MARK}e${BEL}\n`, size)),
  spool("lines that go on", 512 * KIB, (size) => times(`${MARK}o1${BEL}a${OPEN}\n`, size)),
  spool("a line that comes byte by byte", 128 * KIB, (size) => times("a", size), 1),
  spool("lines of an output file", 512 * KIB, (size) => times(`${MARK}r${BEL}a=b\n`, size)),
  spool("one line of an output file that goes on", 1 * MIB, (size) =>
    times(`${MARK}r${BEL}a${OPEN}\n`, size),
  ),
];

/** Each mark confirms what has come. A container may send one behind each byte. */
const MARKS_OF_WORKERS: GrowingInput = {
  ...{
    parser: "printer",
    what: "marks behind bytes of one worker, beside ever more others",
    size: 256 * KIB,
  },
  prepare: (size) => {
    const workers = size / 64;
    const begun = (worker: number) =>
      ({
        kind: "text",
        stream: "stderr",
        source: `e${worker}`,
        bytes: Buffer.from("."),
        ends: false,
      }) as const;
    return () => {
      const printer = new Printer({
        ...{ memory: new StepBudget().memory, write: () => undefined, onHeader: () => undefined },
        ...{ keep: { stream: MIB, worker: 8_192 }, continued: "", workers },
      });
      for (let worker = 0; worker < workers; worker += 1) {
        printer.print({ ...begun(worker), ends: true });
        printer.print(begun(worker));
      }
      for (let i = 0; i < size / 16; i += 1) {
        printer.print(begun(0));
        printer.print({ kind: "confirmed" });
      }
    };
  },
};

const mark = (text: string): string => `${sessionMark(NONCE)}${text}${BEL}`;

function session(what: string, size: number, text: (size: number) => string, chunk = CHUNK): GrowingInput {
  return {
    ...{ parser: "session", what, size },
    prepare: (wanted) => {
      const chunks = chunksOf(Buffer.from(text(wanted), "latin1"), chunk);
      return () => {
        const job = new SeenJob(NONCE, 4);
        for (const each of chunks) drain(job.read(each));
      };
    },
  };
}

const SESSIONS: readonly GrowingInput[] = [
  session("beginnings of marks", 2 * MIB, (size) => times(sessionMark(NONCE), size)),
  session("beginnings of announcements", 256 * KIB, (size) => times(`${BEL}${MARK}ready1 `, size), 64),
  session("a mark that comes byte by byte", 64 * KIB, (size) => times(`${sessionMark(NONCE)}n a`, size), 1),
  session("line ends of a terminal", 1 * MIB, (size) => `${mark("@0")}\r\r\r\n${times("\r", size)}`),
  session("marks between lines", 1 * MIB, (size) => `${mark("@0")}\n${times(`a\n${mark("~ 2")}`, size)}`),
  session("packed pieces", 1 * MIB, (size) => `${mark("@0")}\n${times(mark("# 0 99") + "a", size)}`),
  session("a packed piece", 1 * MIB, (size) => {
    const packed = gzipSync(times("a\n", 4 * MIB - 100)).toString("base64");
    return `${mark("@0")}\n${mark(`# 0 ${4 * MIB - 100}`)}${times("\n", size)}${packed}${mark("%")}`;
  }),
];

const NOTES: readonly GrowingInput[] = ["n a note", "n", "n \x1b]0;", "~ 1"].map((text) => ({
  ...{ parser: "notes", what: `marks '${text.replace("\x1b", "ESC")}'`, size: 1 * MIB },
  prepare: (size) => {
    const chunks = chunksOf(Buffer.from(times(mark(text), size), "latin1"));
    return () => {
      const terminal = new Terminal(NONCE);
      terminal.release();
      for (const each of chunks)
        for (const event of terminal.read(each)) if (event.kind === "note") harmlessLine(event.text);
    };
  },
}));

const OUTPUT_FILES: readonly GrowingInput[] = (
  [
    ["values", (size) => times("a=b\n", size)],
    ["lines without a sign", (size) => times("<", size)],
    ["empty lines", (size) => times("\n", size)],
    ["values of several lines", (size) => times("a<<E\nb\nE\n", size)],
    ["a value whose delimiter never comes", (size) => `a<<E\n${times("E \n", size)}`],
    ["a delimiter as long as the file", (size) => `a<<${times("E", size / 2)}\n${times("E", size / 2)}`],
  ] as readonly (readonly [string, (size: number) => string])[]
).map(([what, text]) => ({
  ...{ parser: "output files", what, size: 512 * KIB },
  prepare: (size) => {
    const made = text(size);
    return () => drain(parseOutputFile(made));
  },
}));

function queue(what: string, text: (size: number) => string): GrowingInput {
  return {
    ...{ parser: "queue", what, size: LARGEST_QUEUE / 8 },
    prepare: (size) => {
      const bytes = Buffer.from(text(size - 100));
      const own = {
        run: "mine",
        earlier: [],
        hasBegun: false,
        names: {},
        manner: { shares: true, locks: false, sessions: 1 as const },
      };
      return () => {
        const version = { etag: "e", versionId: "v" };
        const found = { queue: parseQueue(bytes, 0), now: 1e9, version };
        takeStep(found, own, { mayJoin: true, beforeTaking: () => undefined });
      };
    },
  };
}

const claims = (size: number, claim: (i: number) => string): string => {
  const each = claim(1_000_000).length + 1;
  return `{"claims":[${Array.from({ length: size / each }, (_, i) => claim(1_000_000 + i)).join(",")}]}`;
};

const QUEUES: readonly GrowingInput[] = [
  queue("claims", (size) => claims(size, (i) => `{"run":"${i}","shares":true}`)),
  queue("claims of one run", (size) => claims(size, () => `{"run":"a"}`)),
  queue("claims with long addresses", (size) =>
    claims(size, (i) => `{"run":"${i}","url":"https://${times("a.", 900)}"}`),
  ),
  queue("past sessions", (size) => `{"claims":[],"past":[${times('"a",', size)}0]}`),
  queue("lists in lists", (size) => times("[", size)),
  queue("a long time", (size) => `{"claims":[{"run":"a","since":"${times("1 ", size)}"}]}`),
  queue("a long name", (size) => `{"claims":[{"run":"${times("a", size)}"}]}`),
];

const HANDLES: readonly GrowingInput[] = (["a", ".", "fx1.", "="] as const).map((text) => ({
  ...{ parser: "handles", what: `a text of '${text}'`, size: 4 * KIB },
  prepare: (size) => {
    const made = `fx1.${times(text, size)}`;
    return () => parseHandle(made);
  },
}));

/** Texts that cost time in what is shown. The sanitiser reads the first 64,000 characters of one. */
const SHOWN: readonly (readonly [string, (size: number) => string])[] = [
  ["titles of a terminal that never end", (size) => times("\x1b]0;", size)],
  ["titles with C1 characters", (size) => times("\x9d0;", size)],
  ["control sequences without an end", (size) => times("\x1b[0;", size)],
  ["a control sequence of many numbers", (size) => `\x1b[${times("0;", size)}`],
  ["escapes", (size) => times("\x1b", size)],
  ["blanks", (size) => times(" ", size)],
  ["wide blanks, then colons", (size) => `${times("\u3000", size)}::`],
  ["line ends", (size) => times("\n", size)],
  ["blanks and line ends", (size) => times(" \n", size)],
  ["commands", (size) => times("##[a]::", size)],
  ["commands in lines", (size) => times("\n ::error::", size)],
  ["halves of characters", (size) => times("\ud83d", size)],
];

const SCREEN: readonly GrowingInput[] = SHOWN.flatMap(([what, text]) => [
  {
    ...{ parser: "screen", what, size: 15_000 },
    prepare: (size) => {
      const made = text(size);
      const commands = { isDebug: () => true, setSecret: () => undefined };
      const say = { debug: () => undefined, warning: () => undefined };
      const screen = new Screen({
        ...{ write: () => undefined, flush: () => undefined, docs: "https://example.com/" },
        random: systemClock.random,
        commands: { ...commands, ...say, notice: () => undefined, error: () => undefined },
      });
      return () => {
        harmlessText(made);
        screen.warning(made);
        for (let at = 0; at < made.length; at += 4_000) harmlessLine(made.slice(at, at + 4_000));
      };
    },
  },
  {
    ...{ parser: "printer", what, size: 512 * KIB },
    prepare: (size) => {
      const bytes = Buffer.from(text(size));
      const guard = new Guard(() => undefined, systemClock.random);
      return () => {
        guard.up();
        for (const line of linesOf(bytes)) harmlessOutput(line);
        findLastLine(bytes.toString("latin1", 0, 4096));
        findNamedLine(bytes.toString("latin1"), 1);
      };
    },
  },
]);

/** Names of an archive that a glob matches slowly: the first stars of it may stand for more than they do. */
const NAMES: readonly GrowingInput[] = (
  [
    ["a long name", "**/*a*a*a*a*b", (size) => [times("a", size)]],
    ["a long way", "**/a/**/a/**/a/**/b", (size) => times("a/", size).split("/")],
    ["dots", "**/.*.*.*b", (size) => [times(".", size)]],
  ] as readonly (readonly [string, string, (size: number) => readonly string[]])[]
).map(([what, pattern, text]) => ({
  ...{ parser: "names", what, size: 32 * KIB },
  prepare: (size) => {
    const names = text(size).filter((name) => name !== "");
    const globs = [
      { pattern, isExclusion: false },
      { pattern, isExclusion: true },
    ];
    const asked = new AskedNames({ globs, platform: "linux" });
    return () => asked.judge(names);
  },
}));

/** Looks at these files, in a directory of their own. */
async function lookAt(files: readonly string[], look: (directory: Directory) => unknown): Promise<void> {
  const root = mkdtempSync(join(tmpdir(), "fx-files-"));
  const directory = Directory.open(root);
  try {
    for (const file of files) {
      mkdirSync(join(root, dirname(file)), { recursive: true });
      writeFileSync(join(root, file), "\n");
    }
    await look(directory);
  } finally {
    directory.close();
    rmSync(root, { recursive: true });
  }
}

const numbers = (size: number): readonly number[] => [...Array(size).keys()];
const NO_SIGNAL = { clock: systemClock, signal: new AbortController().signal };

/** Files that the globs of `reports` match slowly. */
const REPORT_FILES: readonly GrowingInput[] = (
  [
    ["a long name", 60, (size) => [`TEST${times("-", size)}`]],
    ["many names", 40, (size) => numbers(size).map((i) => `TEST${times("-", 240)}${i}`)],
    ["a long way", 60, (size) => [`${times("a/", 2 * size)}x.txt`]],
  ] as readonly (readonly [string, number, (size: number) => readonly string[]])[]
).map(([what, size, files]) => ({
  ...{ parser: "globs of reports", what, size },
  prepare: (count) => async () => {
    const globs = ["**/TEST-*-*-*-*.xml", "**/a/**/a/**/a/**/*.xml"];
    await lookAt(files(count), async (directory) => matchingFiles(globs, directory, NO_SIGNAL));
  },
}));

const CHECKOUTS: readonly GrowingInput[] = [
  {
    ...{ parser: "lines of failed tests", what: "many files of one name", size: 60 },
    prepare: (size) => async () => {
      const locations = numbers(size).map((i) => ({
        path: ["app", `d${i}`, "src", "index.ts"],
        line: 1,
        isWhole: false,
      }));
      const files = numbers(size).map((i) => `p${i}/src/index.ts`);
      await lookAt(files, async (directory) => {
        const found = await CheckoutFiles.search(new Way(directory.again()), "", locations, NO_SIGNAL);
        return await found.lineOf(locations, NO_SIGNAL);
      });
    },
  },
];

const OTHERS: readonly GrowingInput[] = [
  ...["a", "]7733;python", "]7733;python\n"].map((text) => ({
    ...{ parser: "opening of a forward", what: `${JSON.stringify(text)}, byte by byte`, size: 15 * KIB },
    prepare: (size: number) => {
      const bytes = Buffer.from(times(text, size));
      return () => {
        const reader = new OpeningReader();
        for (const byte of chunksOf(bytes, 1)) reader.read(byte);
        return reader;
      };
    },
  })),
  ...["/fargate-exec-", "/fargate-exec-x/script: ", "/fargate-exec-x/script: 1: a[", "-"].map((part) => ({
    ...{ parser: "words of a shell", what: JSON.stringify(part), size: 256 * KIB },
    prepare: (size: number) => {
      const output = times(part, size);
      return () => findBashUse(`/fargate-exec-${output}`);
    },
  })),
  {
    ...{ parser: "facts", what: "quotes of a name", size: 6 * KIB },
    prepare: (size) => {
      const texts = ["unread ", "list 1 ", "lacking "].map((word) => `${word}"${times('\\"', size)}`);
      return () => texts.map((text) => parseFact(text));
    },
  },
  {
    ...{ parser: "control", what: "words", size: 512 * KIB },
    prepare: (size) => {
      const body = Buffer.from(times("reader 0000000000000000 1\n", size));
      return () => parseControl(body);
    },
  },
  {
    ...{ parser: "archive", what: "bytes that come one by one", size: 16 * KIB },
    prepare: (size) => async () => {
      const flow = new ByteFlow(() => undefined);
      for (let i = 0; i < size; i += 1) flow.push(Buffer.alloc(1));
      flow.end();
      await discard(flow);
    },
  },
  {
    ...{ parser: "archive", what: "links that lead far down", size: 16 * KIB },
    prepare: (size) => {
      const target = times("d/", 240);
      const links = Array.from({ length: Math.ceil(size / target.length) }, (_, i) => ({
        ...({ kind: "symlink", name: `l${i}`, target, mode: 0o777, modified: 0, size: 0 } as const),
      }));
      return async () => {
        const root = mkdtempSync(join(tmpdir(), "fx-links-"));
        try {
          const unpacker = new Unpacker({
            ...{
              root: Directory.open(root),
              maxCount: size,
              maxBytes: 0,
              platform: "linux",
              clock: systemClock,
            },
            ...{ onRefused: () => undefined, onPlaced: () => undefined },
          });
          for (const link of links) await unpacker.add(link, Readable.from([]));
          await unpacker.finish();
        } finally {
          rmSync(root, { recursive: true });
        }
      };
    },
  },
  {
    ...{ parser: "archive", what: "members", size: 512 * KIB },
    prepare: (size) => {
      const header = headerOf("a/".repeat(40));
      const headers = Array.from({ length: Math.max(1, Math.floor(size / header.length)) }, () => header);
      const bytes = Buffer.concat([...headers, Buffer.alloc(2 * header.length)]);
      return async () => {
        for await (const [, content] of readTar(Readable.from(chunksOf(bytes))))
          await discard(content as never);
      };
    },
  },
];

/** A header of tar (POSIX, ustar) for an empty file. */
function headerOf(path: string): Buffer {
  const bytes = Buffer.alloc(512);
  new Header({ path, mode: 0o644, size: 0, type: "File", mtime: new Date(0) }).encode(bytes, 0);
  return bytes;
}

export const GROWING_INPUTS: readonly GrowingInput[] = [
  ...[
    REPORTS,
    SPOOLS,
    MARKS_OF_WORKERS,
    SESSIONS,
    NOTES,
    OUTPUT_FILES,
    QUEUES,
    HANDLES,
    SCREEN,
    NAMES,
    REPORT_FILES,
    CHECKOUTS,
    OTHERS,
  ].flat(),
];
