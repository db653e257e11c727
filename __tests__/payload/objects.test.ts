import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { quote } from "../../src/payload/quote.ts";
import { payloadFile } from "../../src/payload/container-files.ts";
import { runShell, SHELLS } from "../helpers/shells.ts";
import { findProgram } from "../helpers/tools.ts";
import { PYTHON } from "../helpers/tools.ts";

const directory = mkdtempSync(join(tmpdir(), "objects-"));
afterAll(() => rmSync(directory, { recursive: true }));

const JOB = "00112233445566778899aabbccddeeff";
const INNER = "0123456789abcdef".repeat(4);
const OUTER = "fedcba9876543210".repeat(4);

/** Objects with their authentication codes. They are literals, so that the two sides can't change them together. */
const VECTORS: readonly (readonly [
  kind: string,
  number: number,
  begin: number,
  body: Buffer,
  mac: string,
])[] = [
  ["out", 0, 0, Buffer.from("hello\n"), "ce73c944100063bc7f17d3663127634b5d982e7db4a365328f93b2ae1e8d076f"],
  [
    "out",
    123456,
    987654321,
    Buffer.from(Array.from({ length: 100_000 }, (_, n) => (n * 7) % 256)),
    "1d9f91d087fbb8fde7d5511a5fee876dc7ce11bab91a96a1a0ce24fae21a59a9",
  ],
  [
    "end",
    7,
    42,
    Buffer.from("exited 0=3:1"),
    "e8e0ca6722fda2d839021d2501c1e9490726f022bc4755455e9452e225414a05",
  ],
  [
    "alive",
    1790000000,
    42,
    Buffer.alloc(0),
    "6ae9b9af977a8290cbd0cd6bbb6093af1c4a10c1d57a3aaa99a2407b8b7d4231",
  ],
  [
    "control",
    3,
    42,
    Buffer.from("cancel\n"),
    "a00876b574e2c92b0b7953f5a5c96df8db06b3a7605eec05cc2ee8db4140a6b9",
  ],
];
const sha256 = (text: Buffer): string => createHash("sha256").update(text).digest("hex");
const container = (name: string): string =>
  fileURLToPath(new URL(`../../src/payload/container/${name}`, import.meta.url));

const ORDER = [
  `job ${JOB}`,
  `key ${INNER} ${OUTER}`,
  "begin 17",
  "largest 65536",
  `folder ci/output/${JOB}/`,
  "url http://127.0.0.1:1/b",
  "url+ ucket",
  "field bucket bucket",
  "field policy eyJ",
  "field+ policy leHA=",
  "field x-amz-date 20261127T000000Z",
  "post-until 1790000000",
  "control http://127.0.0.1:1/bucket/control",
  "query a=1",
  "query+ &b=2",
  "",
].join("\n");

it.each(VECTORS)("the code of %s %d is what the format says", (kind, number, begin, body, mac) => {
  const facts = `fx1 ${JOB} ${kind} ${number} ${begin} ${body.length}\n`;
  const inner = sha256(Buffer.concat([Buffer.from(INNER + facts), body]));
  expect(sha256(Buffer.from(OUTER + inner))).toBe(mac);
});

/** Lines of `control` that would send the output elsewhere, or would be more than signatures to the program that takes them. */
const MOVES: readonly (readonly string[])[] = [
  ["url http://127.0.0.1:2/evil"],
  ["url+ .evil.example"],
  ["control http://127.0.0.1:2/evil"],
  ["control+ .evil.example"],
  ["folder evil/"],
  ["job ffffffffffffffffffffffffffffffff"],
  ["key 00 00"],
  ["field bucket evil"],
  ["field key evil"],
  ["field x-amz-server-side-encryption aws:kms"],
  ['field policy a"'],
  ["field policy a\\\\"],
  ["field policy @/etc/passwd"],
  ["field+ policy a"],
  ["query [1-100000]"],
  ["query {a,b}"],
  ["query a b"],
  ["query+ a"],
  ["post-until 1 2"],
  ["post-until soon"],
  ["Url http://127.0.0.1:2/evil"],
];

describe("in python3", () => {
  const run = (program: string): string => {
    const state = mkdtempSync(join(directory, "python-"));
    writeFileSync(join(state, "order"), ORDER);
    return execFileSync(PYTHON, ["-I", "-S", "-c", `${payloadFile("objects.py")}\n${program}`], {
      cwd: state,
    }).toString();
  };

  it.each(VECTORS)(
    "an object %s %d has that code, and is read with it alone",
    (kind, number, begin, body, mac) => {
      const file = join(directory, `body-${mac}`);
      writeFileSync(file, body);
      const printed = run(`order, body = Order(), open(${JSON.stringify(file)}, "rb").read()
digest = order.digest("${kind}", ${number}, ${begin}, len(body))
digest.update(body)
header = order.header("${kind}", ${number}, ${begin}, len(body), digest)
print(header.decode(), end="")
print(order.read("${kind}", header + body) == (${number}, ${begin}, body))
print([order.read(*each) for each in (("other", header + body), ("${kind}", header + body + b"."), ("${kind}", header[:-2] + b"g\\n" + body))])`);
      expect(printed).toBe(
        `fx1 ${kind} ${number} ${begin} ${body.length} ${mac}\nTrue\n[None, None, None]\n`,
      );
    },
  );

  it("the long values of an order are joined, and renewed signatures replace all earlier ones", () => {
    const printed = run(`order = Order()
print(order.url, order.control, order.fields, order.begin)
order.renew(parsed(["field policy newer", "query c=3", "cancel"]))
order = Order()
print(order.url, order.control, order.fields, order.keys[0].decode() == "${INNER}")`);
    expect(printed.split("\n")).toEqual([
      "http://127.0.0.1:1/bucket http://127.0.0.1:1/bucket/control?a=1&b=2 [('bucket', 'bucket'), ('policy', 'eyJleHA='), ('x-amz-date', '20261127T000000Z')] 17",
      "http://127.0.0.1:1/bucket http://127.0.0.1:1/bucket/control?c=3 [('bucket', 'bucket'), ('policy', 'newer')] True",
      "",
    ]);
  });

  it.each(MOVES)("a renewal with %j changes nothing", (...lines) => {
    const printed = run(`order = Order()
before = vars(order).copy()
print(order.renew(parsed(${JSON.stringify(lines)})), vars(Order()) == before)`);
    expect(printed).toBe("False True\n");
  });
});

describe.each(SHELLS)("under %s", (shell) => {
  const run = (script: string, hasher: string): string => {
    const state = mkdtempSync(join(directory, "shell-"));
    writeFileSync(join(state, "order"), ORDER);
    const parts = ["directory.sh", "order.sh"].map((name) => `. ${container(name)}`).join("\n");
    const found = runShell(
      shell,
      `${parts}\nfx_dir=$1 fx_hasher=$2\nfx_read_order || echo incomplete\n${script}`,
      [state, hasher],
    ).toString();
    return (
      found + readFileSync(join(state, "post.curl"), "utf8") + readFileSync(join(state, "get.curl"), "utf8")
    );
  };
  const CURL = [
    'form-string = "bucket=bucket"',
    'form-string = "policy=eyJleHA="',
    'form-string = "x-amz-date=20261127T000000Z"',
    'url = "http://127.0.0.1:1/bucket"',
    'proto = "=http"',
    "globoff",
    'url = "http://127.0.0.1:1/bucket/control?a=1&b=2"',
    'proto = "=http"',
    "globoff",
    "",
  ].join("\n");

  it.each(["sha256sum", "openssl"])(
    "objects have these codes by %s, and `control` is read once",
    (hasher) => {
      const script = VECTORS.map(([kind, number, begin, body, mac]) => {
        const file = join(directory, `shell-body-${mac}`);
        writeFileSync(file, body);
        return `fx_seal ${kind} ${number} ${begin} ${body.length} ${file}; echo "$fx_header"
        { echo "$fx_header"; cat ${file}; } >"$fx_dir/answer"; fx_control=2
        ! fx_read_control || echo "read $fx_number $fx_from"; fx_control=3; ! fx_read_control || echo again`;
      }).join("\n");
      const expected = VECTORS.map(
        ([kind, number, begin, body, mac]) =>
          `fx1 ${kind} ${number} ${begin} ${body.length} ${mac}\n${kind === "control" ? `read ${number} ${begin}\n` : ""}`,
      );
      expect(run(script, findProgram(hasher))).toBe(expected.join("") + CURL);
    },
  );

  it("renewed signatures replace all earlier ones", () => {
    const script = `printf '%s\\n' 'field policy newer' 'query c=3' cancel >"$fx_dir/body"; fx_renew`;
    expect(run(script, "sha256sum")).toBe(
      CURL.replace(/policy=\S*/, 'policy=newer"')
        .replace(/form-string = "x-amz.*\n/, "")
        .replace("a=1&b=2", "c=3"),
    );
  });

  it("a renewal with anything but signatures changes nothing", () => {
    const script = MOVES.map(
      (lines) => `printf '%s\\n' ${lines.map(quote).join(" ")} >"$fx_dir/body"; fx_renew`,
    );
    expect(run(script.join("\n"), "sha256sum")).toBe(CURL);
  });

  it("an order is refused when it lacks a line, or has a character with a meaning in curl's configuration", () => {
    for (const change of ["/^folder/d", "/^field/d;/^url/d", 's/20261127/"/', "s/20261127/\\\\/"])
      expect(run(`sed -i '${change}' "$fx_dir/order"; fx_read_order || echo none`, "sha256sum")).toMatch(
        /^none\n/,
      );
  });
});
