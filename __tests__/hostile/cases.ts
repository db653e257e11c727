import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import { Header } from "tar/header";
import type { PieceKind } from "../../src/carriers/pieces/format.ts";
import { BEL, LITERAL, MARK, OPEN, REPLACEMENT } from "../../src/carriers/stream/marks.ts";
import { damage, randomBytesOf } from "../helpers/damage.ts";
import { between, pick, type Random } from "../helpers/seeds.ts";

/**
 * What a container and a bucket can say. Each function takes a source of randomness and nothing else, and gives the same for the same seed. So a test
 * of one parser, a simulation of a step, and real processes can be fed alike.
 */

/** A part of what a session shows. The nonce is put into a mark by who knows it. */
export type Said = { readonly mark: string } | { readonly bytes: Buffer };

/** An object that is put into the folder of an order. */
export interface PlantedObject {
  readonly name: string;
  /** What is sealed by the keys of the folder; undefined: bytes without a seal. */
  readonly sealed?: {
    readonly kind: PieceKind;
    readonly number: number;
    readonly begin: number;
    readonly body: Buffer;
  };
  readonly bytes: Buffer;
}

/** `job`: what a script of root can do. `container`: it also has the nonce and the keys. `bucket`: another principal, who may write objects. */
export type Attacker = "job" | "container" | "bucket";

export interface HostileCase {
  readonly attacker: Attacker;
  /** The job's true exit code. None of the statuses that an attacker forges is that of a success. */
  readonly exitCode: number;
  /** Whether the inputs ask for the output by S3. */
  readonly byBucket: boolean;
  /** The spool of a container that is not the attacker's. */
  readonly spool: Buffer;
  /** The end that an otherwise honest first session says, as many bytes beside the spool's length. Its status is not the job's. */
  readonly wrongEnd: { readonly beside: number; readonly status: string } | undefined;
  /** What a hostile container says in each of its sessions. */
  readonly sessions: readonly (readonly Said[])[];
  readonly objects: readonly PlantedObject[];
  /** The queue that the run finds in the bucket; undefined: none. */
  readonly queue: Buffer | undefined;
}

export function hostileCase(random: Random): HostileCase {
  const attacker = pick<Attacker>(random, ["job", "job", "container", "container", "bucket"]);
  const sessions = Array.from({ length: between(random, 1, 4) }, () => hostileSession(random));
  const spool = jobSpool(random);
  const objects = severalOf(random, 6, hostileObject);
  // A principal who has counted the bytes of the pieces can name the right length in an end.
  if (random() < 0.5) objects.push(plantedAt(String(between(random, 1, 2)), "end", spool.length, random));
  const exitCode = pick(random, [0, 0, 1, 3, 137, 255]);
  return {
    ...{ attacker, sessions, exitCode },
    wrongEnd: random() < 0.3 ? wrongEnd(random, exitCode, spool) : undefined,
    byBucket: random() < 0.4,
    spool,
    objects: attacker === "job" ? [] : objects,
    queue: attacker === "bucket" && random() < 0.7 ? hostileQueue(random) : undefined,
  };
}

function wrongEnd(random: Random, exitCode: number, spool: Buffer): HostileCase["wrongEnd"] {
  const beside = pick(random, [1, -1, 2, -2, -spool.length, between(random, 1, spool.length), 999_999_999]);
  return { beside, status: exitCode === 0 ? "exited 0=1:1" : "exited 0=0:1" };
}

function severalOf<T>(random: Random, most: number, one: (random: Random) => T): T[] {
  return Array.from({ length: between(random, 0, most) }, () => one(random));
}

const NUMBERS = [
  "0",
  "1",
  "2",
  "-1",
  "007",
  "999999999",
  "999999999999999",
  "9999999999999999",
  "1e9",
  "NaN",
  "",
];

/** A number as text: small, huge, or none. */
export function hostileNumber(random: Random): string {
  return random() < 0.6 ? pick(random, NUMBERS) : String(between(random, 0, 3000));
}

const TEXTS = [
  ...[
    "::error::no",
    "  ::add-mask::a",
    "::set-output name=a::b",
    "::stop-commands::x",
    "##[error]no",
    "##[group]a",
  ],
  ...[
    "\x1b]0;",
    "\x1b]8;;https://x\x07",
    "\x1b[31m",
    "\x9d0;",
    "\x1b",
    "\x07",
    "\0",
    "\r",
    "\n",
    "\r\n",
    "\t",
    "\u0085",
  ],
  ...[
    "\u202e",
    "\ufeff",
    "\ufffd",
    "\ud83d",
    "é",
    "日本",
    "` | <b>",
    "[0] ",
    "[1] ",
    "exited 0=0:1",
    "a".repeat(5000),
  ],
  ...[
    MARK,
    BEL,
    OPEN,
    LITERAL,
    REPLACEMENT,
    `${MARK}h${BEL}`,
    `${MARK}e${BEL}`,
    `${MARK}ready${BEL}`,
    "fx1 end 0 0 ",
  ],
];

/** A text that is more likely to break something than others. */
export function hostileText(random: Random): string {
  return severalOf(random, 5, (each) =>
    each() < 0.8 ? pick(each, TEXTS) : randomBytesOf(each, between(each, 0, 60)).toString("latin1"),
  ).join(pick(random, ["", " ", "\n"]));
}

const ENDS = ["\n", "\n", "\n", `${OPEN}\n`];

/** The spool as a recorder makes it of what a hostile job prints and writes: whole, and with no mark of the job's own. */
export function jobSpool(random: Random): Buffer {
  const printed = severalOf(random, 12, (each) => {
    const tag = pick(each, ["", "", `${MARK}e${BEL}`]);
    const text = recorded(Buffer.from(hostileText(each)).toString("latin1"));
    const record = tag + text.replaceAll("\n", `\n${tag}`);
    // Only a tag tells what an open line goes on with, so the recorder ends one of standard output by another record.
    return record + pick(each, ENDS);
  });
  const files = random() < 0.5 ? fileRecords(random) : "";
  const artifacts = random() < 0.3 ? artifactRecords(random) : "";
  const header = `${MARK}h${BEL}fargate-exec task=x ${recorded(hostileText(random)).replaceAll("\n", " ")}\n`;
  return Buffer.from(header + printed.join("") + files + artifacts, "latin1");
}

/** What the recorder makes of bytes that could be taken for its own. */
function recorded(text: string): string {
  return text.replaceAll(MARK, LITERAL).replaceAll("\xef\xbf\xbd", REPLACEMENT);
}

function fileRecords(random: Random): string {
  const tag = pick(random, ["r", "s"]);
  const lines = recorded(Buffer.from(hostileOutputFile(random)).toString("latin1")).split("\n");
  return lines.map((line) => `${MARK}${tag}${BEL}${line}\n`).join("");
}

/** A file GITHUB_OUTPUT. */
export function hostileOutputFile(random: Random): string {
  const names = ["a", "exit-code", "Outcome", "A", "1a", "", "results", "a b", "__proto__"];
  return severalOf(random, 6, (each) => {
    const [name, text] = [pick(each, names), hostileText(each)];
    return pick(each, [`${name}=${text}`, `${name}<<E\n${text}\nE`, `${name}<<E\n${text}`, text, ""]);
  }).join("\n");
}

/** Facts and bytes of artifacts, as records. */
export function artifactRecords(random: Random): string {
  const archive = hostileArchive(random);
  const sha256 = createHash("sha256").update(archive).digest("hex");
  const records: string[] = [];
  for (let at = 0; at < archive.length; at += 4_000)
    records.push(`${MARK}a${BEL}${archive.subarray(at, at + 4_000).toString("base64")}\n`);
  const facts = severalOf(random, 6, (each) => `${MARK}f${BEL}${hostileFact(each)}\n`);
  const end = `${MARK}f${BEL}end ${archive.length} ${sha256}\n`;
  return [...facts, ...records, ...(random() < 0.7 ? [end] : [])].join("");
}

/** A fact about artifacts, without a line end. */
export function hostileFact(random: Random): string {
  const word = pick(random, [
    "none",
    "list",
    "unread",
    "over",
    "part",
    "no-part",
    "end",
    "cut",
    "lacking",
    "x",
    "",
  ]);
  const values = severalOf(random, 4, (each) =>
    pick(each, [hostileNumber(each), JSON.stringify(hostileText(each)), "-", "0".repeat(64), "0".repeat(32)]),
  );
  return [word, ...values].join(" ").replace(/[^ -~]/g, "?");
}

const PATHS = [
  ...[
    "a.txt",
    "r.xml",
    "d/",
    "d/b",
    "d/r.xml",
    "../up",
    "/absolute",
    "d/../../up",
    "",
    ".",
    "./.git/hooks/x",
    "a\0b",
  ],
  ...[
    "link",
    "link/in",
    "é",
    "a".repeat(300),
    "d/".repeat(300),
    "CON",
    "a:b",
    ".fargate-exec-0000000000000000",
  ],
];
const TYPES = [
  "File",
  "File",
  "File",
  "Directory",
  "SymbolicLink",
  "Link",
  "CharacterDevice",
  "FIFO",
  "ExtendedHeader",
] as const;

/** An archive of tar in gzip. */
export function hostileArchive(random: Random): Buffer {
  const members = severalOf(random, 6, (each) => {
    const path = pick(each, PATHS);
    const content = path.endsWith(".xml") ? hostileReport(each) : Buffer.from(hostileText(each));
    const type = pick(each, TYPES);
    const isFile = type === "File" || type === "ExtendedHeader";
    const size = !isFile ? 0 : each() < 0.9 ? content.length : between(each, 0, 2 ** 31);
    const header = Buffer.alloc(512);
    const linkpath = pick(each, PATHS);
    // A name that is too long for the header is cut, as in an archive that lies.
    const name = { path: path.slice(0, 99), linkpath: linkpath.slice(0, 99) };
    new Header({ ...name, type, size, mode: between(each, 0, 0o7777), mtime: new Date(0) }).encode(header, 0);
    const filling = Buffer.alloc((512 - (content.length % 512)) % 512);
    return isFile ? Buffer.concat([header, content, filling]) : header;
  });
  const tar = Buffer.concat([...members, Buffer.alloc(1024)]);
  const packed = gzipSync(random() < 0.2 ? damage(random, tar, tar) : tar, { level: 1 });
  return random() < 0.2 ? damage(random, packed, tar) : packed;
}

const XML = [
  ...[
    "<testsuites>",
    "</testsuites>",
    '<testsuite name="s">',
    "</testsuite>",
    '<testcase name="a" time="1">',
    "</testcase>",
  ],
  ...[
    "<failure>",
    '<failure message="m">',
    "</failure>",
    "<skipped/>",
    "<![CDATA[",
    "]]>",
    "<!--",
    "-->",
    "<!DOCTYPE a>",
  ],
  ...[
    "&amp;",
    "&#1;",
    "&x;",
    "\x1b]0;",
    "a.go:1\n",
    "at a.B.c(D.java:1)\n",
    'File "/app/a.py", line 1\n',
    "<a ",
    "b='c'",
  ],
];

/** A report in JUnit XML, or what looks like one. */
export function hostileReport(random: Random): Buffer {
  const parts = severalOf(random, 30, (each) => (each() < 0.8 ? pick(each, XML) : hostileText(each)));
  const text = `<testsuite name="${"a/".repeat(between(random, 0, 50))}"><testcase><failure>${parts.join("")}`;
  const whole = Buffer.from(random() < 0.5 ? `${text}</failure></testcase></testsuite>` : parts.join(""));
  return random() < 0.2 ? damage(random, whole, whole) : whole;
}

const SUCCESS = "exited 0=0:1";

/** A status that is not that of a success of one worker. */
export function hostileStatus(random: Random): string {
  const code = between(random, 1, 255);
  return pick(random, [
    ...[
      `exited 0=${code}:1`,
      `exited 0=${code}:1`,
      `timed-out 0=124:9!`,
      `cancelled 0=143:1!`,
      "fenced 0=0:1",
      "lost",
    ],
    ...[
      "exited 0=0:1,0=0:1",
      "exited 0=0:1,1=0:1",
      "exited 1=0:1",
      "exited 0=256:1",
      "exited 0=-1:1",
      "exited 0=0",
      "exited",
    ],
    ...[
      "exited  0=0:1",
      "exited 0=0:1 ",
      "exited 0=00000:1",
      "exited 0=0:1!!",
      "refused user: no",
      "refused",
      "",
    ],
    hostileText(random).replaceAll("exited 0=0:1", ""),
  ]);
}

/** The text of a mark of the session. */
export function hostileMark(random: Random): string {
  const number = hostileNumber(random);
  return pick(random, [
    ...[
      `@${number}`,
      "@0",
      `~ ${number}`,
      `# ${number} ${hostileNumber(random)}`,
      "%",
      `n ${hostileText(random)}`,
      "p",
      "s",
    ],
    ...[
      "?",
      `. ${number} ${hostileStatus(random)}`,
      `. 0 ${hostileStatus(random)}`,
      // No session has that many bytes.
      `. 999999999 ${SUCCESS}`,
      `! ${hostileText(random)}`,
    ],
    ...["! gone", "! lost x", "! busy", "! ended", "! followed", "! download curl", hostileText(random)],
  ]);
}

/** What a hostile container says in one session. */
export function hostileSession(random: Random): readonly Said[] {
  const begin: Said[] = random() < 0.8 ? [{ bytes: Buffer.from(`${MARK}ready${BEL}\n`) }] : [];
  const attach: Said[] = random() < 0.7 ? [{ mark: "@0" }, { bytes: Buffer.from("\n") }] : [];
  const spool = random() < 0.7 ? hostileSpool(random) : Buffer.alloc(0);
  const more = severalOf(random, 5, (each): Said =>
    each() < 0.6 ? { mark: hostileMark(each) } : { bytes: Buffer.from(hostileText(each), "latin1") },
  );
  // Of these sessions some come to an end that counts. None has a megabyte.
  const ends = [
    `. ${spool.length} ${hostileStatus(random)}`,
    `. ${spool.length + between(random, 1, 9) * 1_000_000} ${SUCCESS}`,
  ];
  const end: Said[] = random() < 0.5 ? [{ mark: pick(random, [ends[0], ends[0], ends[1]]) ?? "" }] : [];
  return [...begin, ...attach, { bytes: spool }, ...(random() < 0.5 ? [] : more), ...end];
}

/** A spool in which marks, facts and files are forged. */
export function hostileSpool(random: Random): Buffer {
  const tags = ["", "e", "o0", "e0", "e1", "o999", "r", "s", "r0", "x", "a", "f", "h", "z"];
  const records = severalOf(random, 10, (each) => {
    const tag = pick(each, tags);
    const text =
      tag === "f" ? hostileFact(each) : tag === "x" ? `output ${hostileNumber(each)}` : hostileText(each);
    return `${tag === "" ? "" : `${MARK}${tag}${BEL}`}${text}${pick(each, ENDS)}`;
  });
  const artifacts = random() < 0.3 ? artifactRecords(random) : "";
  return Buffer.from(records.join("") + artifacts, "latin1");
}

const KINDS: readonly PieceKind[] = ["out", "end", "part", "part", "alive", "control"];

/** An object for the folder of an order. */
export function hostileObject(random: Random): PlantedObject {
  const number = between(random, 0, 3);
  const names = [String(number), String(number), "alive", "control", `part.${number}`, "999999999"];
  const begin = random() < 0.5 ? 0 : Number(hostileNumber(random)) || 0;
  return plantedAt(pick(random, names), pick(random, KINDS), begin, random);
}

function hostileBody(kind: PieceKind, begin: number, random: Random): Buffer {
  if (kind === "part") return hostileArchive(random);
  // No spool has that many bytes.
  if (kind === "end" && begin >= 999_999_999) return Buffer.from(SUCCESS);
  const text =
    kind === "end"
      ? hostileStatus(random)
      : kind === "control"
        ? hostileControl(random)
        : hostileText(random);
  return Buffer.from(text, "latin1");
}

function plantedAt(name: string, kind: PieceKind, begin: number, random: Random): PlantedObject {
  const body = hostileBody(kind, begin, random);
  const number = random() < 0.8 ? Number(/\d+/.exec(name)?.[0] ?? 1) : between(random, 0, 3);
  const head = `fx1 ${kind} ${number} ${begin} ${body.length} ${"0".repeat(64)}\n`;
  const bytes = Buffer.concat([Buffer.from(head), body]);
  const sealed = { kind, number, begin, body };
  return random() < 0.7 ? { name, sealed, bytes } : { name, bytes: damage(random, bytes, body) };
}

/** The body of a `control` that somebody else has written. */
export function hostileControl(random: Random): string {
  const words = [
    "cancel",
    "taken",
    "attach",
    "detach",
    "url http://192.0.2.1/",
    "reader 0000000000000000 1",
    "reader x",
  ];
  return severalOf(random, 6, (each) => (each() < 0.8 ? pick(each, words) : hostileText(each))).join("\n");
}

/** A queue object, or what another principal puts in its place. */
export function hostileQueue(random: Random): Buffer {
  const claim = (each: Random): unknown =>
    pick<unknown>(each, [
      { run: pick(each, ["a", "b", "", "x".repeat(200), 7]), state: pick(each, ["holds", "waits", ""]) },
      {
        run: "a",
        shares: true,
        sessions: 2,
        session: hostileText(each),
        url: `https://x/${hostileText(each)}`,
      },
      {
        run: "c",
        since: hostileText(each),
        renewed: "2099-01-01T00:00:00Z",
        matrix: [hostileNumber(each), 1],
      },
      ...[null, [], hostileText(each), { run: { run: {} } }],
    ]);
  const queue = { claims: severalOf(random, 5, claim), past: severalOf(random, 3, hostileText) };
  const bytes = Buffer.from(random() < 0.8 ? JSON.stringify(queue) : hostileText(random));
  return random() < 0.2 ? damage(random, bytes, bytes) : bytes;
}

/** A handle of a job, as a later step gets it. */
export function hostileHandle(random: Random): string {
  const body = Buffer.from(
    random() < 0.5 ? hostileText(random) : JSON.stringify({ workers: hostileNumber(random) }),
  );
  const digits = createHash("sha256").update(body.toString("base64url")).digest("hex").slice(0, 8);
  return pick(random, [
    `fx1.${body.toString("base64url")}.${digits}`,
    `fx1.${hostileText(random)}`,
    hostileText(random),
  ]);
}
