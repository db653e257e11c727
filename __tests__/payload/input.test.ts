import { execFileSync } from "node:child_process";
import fc from "fast-check";
import { codePoint } from "../helpers/code-points.ts";
import { typedPayload, typedSecrets, typedStart } from "../../src/payload/input.ts";
import type { Payload } from "../../src/payload/payload.ts";
import { runShell, SHELLS } from "../helpers/shells.ts";
import { everyNth } from "../helpers/every-nth.ts";
import { watch } from "../helpers/watch.ts";

const NONCE = "00112233445566778899aabbccddeeff";
const OPENING = { nonce: NONCE, part: 65_536, packAbove: 262_144 };
const payloadOf = (bytes: Uint8Array): Payload => ({ bytes: Buffer.from(bytes), scriptAt: 0, sha256: "" });
/** Reads lines of `printf` escapes up to the dot, as the container does. */
const READ = `while IFS= read -r l && [ "$l" != . ]; do printf '%b' "$l"; done`;

const secretText = fc.string({ unit: codePoint, maxLength: 2_000 }).filter((value) => !value.includes("\0"));
const anySecrets = fc
  .array(secretText, { maxLength: 3 })
  .map((values) => Object.fromEntries(values.map((value, i) => [`SECRET_${i}`, value])));

function linesOf(typed: Buffer): string[] {
  const text = typed.toString("latin1");
  expect(text.endsWith("\n")).toBe(true);
  return text.slice(0, -1).split("\n");
}

describe("what is typed into a session", () => {
  it("begins with the nonce, the length of what is sent at once and the length from which to pack, and only its last line is a dot", () => {
    const lines = linesOf(typedStart(OPENING, { TOKEN: "hunter22" }));
    expect(lines[0]).toBe(`${NONCE} 65536 262144`);
    expect(linesOf(typedStart({ ...OPENING, packAbove: undefined }, {}))[0]).toBe(`${NONCE} 65536`);
    expect(lines.indexOf(".")).toBe(lines.length - 1);
  });

  it("is lines of printable ASCII, short enough for a terminal, of which only the last is a dot", () => {
    const noise = fc.oneof(
      fc.uint8Array({ maxLength: 9_000 }),
      fc.constant(Buffer.alloc(8_000, ".")),
      fc.constant(Buffer.from(".")),
    );
    fc.assert(
      fc.property(noise, anySecrets, (bytes, secrets) => {
        for (const typed of [typedPayload(payloadOf(bytes)), typedSecrets(secrets)]) {
          const lines = linesOf(typed);
          for (const line of lines) {
            expect(line).toMatch(/^[ -~]*$/);
            expect(line.length).toBeLessThanOrEqual(3_900);
          }
          expect(lines.indexOf(".")).toBe(lines.length - 1);
        }
      }),
    );
  });

  it("has no line longer than allowed, whatever its escapes are", () => {
    for (const bytes of ["\x01", "a\x01", "\\", "\n", "é"])
      for (let before = 0; before < 5; before += 1) {
        const lines = linesOf(typedPayload(payloadOf(Buffer.from("x".repeat(before) + bytes.repeat(9_000)))));
        expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(3_900);
      }
  });

  it("holds no secret as it is", () => {
    const typed = typedStart(OPENING, { TOKEN: "two\nlines" }).toString();
    expect(typed).not.toContain("two\nlines");
  });
});

describe.each(everyNth(SHELLS, 3, 1))("under %s", (shell) => {
  it("any bytes arrive as they are", () => {
    const all = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
    const special = fc.constantFrom(
      ...Array.from("\\0179abcx\n\r\t .%-'\"$`", (c) => c.charCodeAt(0)),
      0,
      128,
      255,
    );
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 5_000 }),
      fc.array(special, { maxLength: 5_000 }).map((data) => Buffer.from(data)),
    );
    fc.assert(
      fc.property(bytes, (data) => {
        expect(runShell(shell, READ, [], { input: typedPayload(payloadOf(data)) }).equals(data)).toBe(true);
      }),
      {
        numRuns: 20,
        examples: [[all], [Buffer.from(".")], [Buffer.from("-n\n.\n.")], [Buffer.from("\\c\\0\\n")]],
      },
    );
  });

  it("secrets become variables with every byte they had", () => {
    const put = `fx_set() { export "$1=$2"; }`;
    const script = `${put}; eval "$(${READ})"; eval "$fx_secret_environment"; printf '%s\\0' "$SECRET_0" "$SECRET_1" "$SECRET_2"`;
    fc.assert(
      fc.property(anySecrets, (secrets) => {
        const values = runShell(shell, script, [], { input: typedSecrets(secrets) })
          .toString()
          .split("\0");
        expect(values.slice(0, 3)).toEqual([0, 1, 2].map((i) => secrets[`SECRET_${i}`] ?? ""));
      }),
      { numRuns: 10, examples: [[{ SECRET_0: "trailing\n\n", SECRET_1: " ", SECRET_2: "\n" }]] },
    );
  });

  it("large and odd secrets reach the script through a terminal", async () => {
    const secrets = {
      LARGE: "0123456789abcdef\n".repeat(4 * 1024),
      ODD: `it's "quoted" $HOME \\n \\0101 %s & . ~ größe 🚀`,
      LINES: "\n\nfirst\r\nlast\n\n",
      EMPTY: "",
      DOTS: ".\n.\n",
    };
    const script = `for n in LARGE ODD LINES EMPTY DOTS; do eval "printf %s \\"\\$$n\\"" | sha256sum | cut -c 1-64; done`;
    const run = await watch({ sh: shell, script, secrets });
    const digest = (value: string): string =>
      execFileSync("sha256sum", { input: value }).toString().slice(0, 64);
    expect(run.stdout.toString().trim().split("\n")).toEqual(Object.values(secrets).map(digest));
  });
});
