import { execFileSync } from "node:child_process";
import fc from "fast-check";
import { codePoint } from "../helpers/code-points.ts";
import { redactionPatterns, SHORTEST_BASE64, tooShortToRedact } from "../../src/payload/redaction.ts";
import { redact } from "./recording.ts";
import { PYTHON } from "../helpers/tools.ts";

/** What is shown of a text when these are secrets. */
const shown = (text: string, ...secrets: string[]): string =>
  redact(text, redactionPatterns(Object.fromEntries(secrets.map((value, at) => [`SECRET_${at}`, value]))));

const base64 = (text: string): string => Buffer.from(text).toString("base64");
const TOKEN = `tok-3n:Qx+7/pA=='"$&<\\zürich`;
const KEY = [
  "-----BEGIN KEY-----",
  "MIIEpAIBAAKCAQEA0ZrvTq2lTjCqz7t3oW9yJq0+rUeFhXU2Qw6sPz/6n3Nf4kzy",
  "q9Xy4L2f8Tt6vWcJ0",
  "-----END KEY-----",
  "",
].join("\n");

/** As System.Text.Json writes it by default. */
const dotNet = '{"x":"1\\u002B\\u0022\\u00FC\\uD83D\\uDE80\\u0022\\u0027\\u0060\\u001B"}';
const USERINFO = "p&ss w=rd+$%!/ü";
const passwordUrl = (password: string): string =>
  Object.assign(new URL("https://u@h/"), { password }).toString();

describe("a secret is hidden", () => {
  it.each<[string, string, string, string]>([
    ["as it is", "hunter22", "x hunter22 y", "x *** y"],
    ["without the white space around it", " hunter22 \n", "x hunter22y", "x ***y"],
    ["with its white space when it is too short without", " ab ", "x ab y", "x***y"],
    ["line by line", "first one\r\nsecond", "second, first one", "***, ***"],
    ["in JSON as JavaScript prints it", TOKEN, JSON.stringify([TOKEN]), '["***"]'],
    ["in JSON with escaped slashes", 'a/b/c"d', '"a\\/b\\/c\\"d"', '"***"'],
    ["in JSON in ASCII with escaped slashes", "zür/ich", '"z\\u00fcr\\/ich"', '"***"'],
    ["in JSON for HTML", "a<b>&c", '"a\\u003cb\\u003e\\u0026c"', '"***"'],
    [
      "in JSON as Gson prints it",
      `a='b'&"c"`,
      `{"x":"a\\u003d\\u0027b\\u0027\\u0026\\"c\\""}`,
      '{"x":"***"}',
    ],
    ["in JSON as .NET prints it", `1+"ü🚀"'\`\x1b`, dotNet, '{"x":"***"}'],
    ["in JSON as PHP prints it for HTML", `a<b>&'"c`, '"a\\u003Cb\\u003E\\u0026\\u0027\\u0022c"', '"***"'],
    ["in JSON in ASCII with upper-case digits", 'zü"r<', '"z\\u00FC\\"r<"', '"***"'],
    ["in a URL as JavaScript prints it", TOKEN, `?x=${encodeURIComponent(TOKEN)}&`, "?x=***&"],
    ["in a whole URL that JavaScript encodes", TOKEN, `<${encodeURI(TOKEN)}>`, "<***>"],
    ["as a URL's password in JavaScript", USERINFO, `<${passwordUrl(USERINFO)}>`, "<https://u:***@h/>"],
    ["as a URL's password in Go", USERINFO, "https://u:p&ss%20w=rd+$%25%21%2F%C3%BC@h/", "https://u:***@h/"],
    [
      "in a form",
      "it's ~two words*",
      `?x=${new URLSearchParams({ y: "it's ~two words*" }).toString()}`,
      "?x=y=***",
    ],
    ["in base64", TOKEN, `<${base64(TOKEN)}>`, "<***>"],
    ["in base64 without padding", TOKEN, `<${base64(TOKEN).replace(/=+$/, "")}>`, "<***>"],
    ["in base64 for URLs", TOKEN, `<${Buffer.from(TOKEN).toString("base64url")}>`, "<***>"],
    ["as the base64 of its several lines", KEY, `<${base64(KEY.trim())}>`, "<***>"],
  ])("%s", (_, secret, printed, expected) => {
    expect(shown(printed, secret)).toBe(expected);
  });

  it.each([
    ["json.dumps", "import json; p(json.dumps([s]))"],
    ["quote", "import urllib.parse as u; p(u.quote(s))"],
    ["quote with nothing safe", "import urllib.parse as u; p(u.quote(s, safe=''))"],
    ["quote_plus", "import urllib.parse as u; p(u.quote_plus(s))"],
    ["b64encode", "import base64; p(base64.b64encode(s.encode()).decode())"],
    ["urlsafe_b64encode", "import base64; p(base64.urlsafe_b64encode(s.encode()).decode())"],
    ["b64encode, from the third byte on", "import base64; p(base64.b64encode(b'u:' + s.encode()).decode())"],
    ["b64encode, from the second byte on", "import base64; p(base64.b64encode(b'u' + s.encode()).decode())"],
  ])("as Python prints it by %s", (_, program) => {
    const all = [TOKEN, "hunter22", "größe🚀 %+/~", "\x7f\t\"'\\/\x01", KEY.split("\n")[1] ?? ""];
    const args = ["-I", "-c", `import sys; p = print\nfor s in sys.argv[1:]:\n  ${program}`, ...all];
    const lines = execFileSync(PYTHON, args).toString().trim().split("\n");
    for (const [at, secret] of all.entries()) {
      const printed = lines[at] ?? "";
      const rest = shown(printed, secret).replace("***", "");
      // Brackets, quotes, padding, and the base64 of the text before the secret may be left.
      expect([printed, rest]).toEqual([printed, expect.stringMatching(/^(|\["|dTp?|d[A-Z]?)("\]|=*)$/)]);
    }
  });

  it.each([
    ["base64", ["base64"]],
    ["openssl", ["openssl", "base64"]],
    ["base64 -w 0", ["base64", "-w", "0"]],
  ])("in the lines that `%s` prints of a key", (_, [program = "", ...args]) => {
    for (let size = 44; size <= 100; size += 1) {
      const secret = KEY.slice(0, size).trim();
      const printed = execFileSync(program, args, { input: secret }).toString().trim();
      const rest = shown(printed, secret).replaceAll("***", "").replaceAll(/[\n=]/g, "");
      expect([size, rest.length < SHORTEST_BASE64 + 1]).toEqual([size, true]);
      if (args.length > 1) expect(rest).toBe("");
    }
  });

  it("in the base64 of any text that holds it", () => {
    const text = fc.string({ unit: codePoint, maxLength: 90 });
    const secret = fc.string({ unit: "grapheme", minLength: 5, maxLength: 90 }).map((value) => value.trim());
    fc.assert(
      fc.property(
        text,
        secret.filter(({ length }) => length >= 5),
        text,
        (before, value, after) => {
          const bytes = Buffer.from(before).length;
          const encoded = base64(before + value + after);
          const from = Math.ceil((8 * bytes) / 6);
          const to = Math.floor((8 * (bytes + Buffer.from(value).length)) / 6);
          const rest = redact(encoded, redactionPatterns({ VALUE: value.replaceAll(/[\r\n]/g, "") }));
          if (/[\r\n]/.test(value)) return;
          expect(rest).not.toContain(encoded.slice(from, to));
        },
      ),
    );
  });
});

describe("no pattern", () => {
  const any = fc.array(fc.string({ unit: codePoint, maxLength: 60 }), { maxLength: 3 });
  const secretsOf = (values: readonly string[]): Record<string, string> =>
    Object.fromEntries(values.map((value, at) => [`SECRET_${at}`, value]));

  it("is shorter than four characters, white space alone, or two lines", () => {
    fc.assert(
      fc.property(any, (values) => {
        for (const pattern of redactionPatterns(secretsOf(values))) {
          expect(pattern.length).toBeGreaterThanOrEqual(4);
          expect(pattern).toMatch(/^[^\r\n]*\S[^\r\n]*$/);
        }
      }),
    );
  });

  it("comes twice, or in another order than the lexical one", () => {
    fc.assert(
      fc.property(any, (values) => {
        const patterns = redactionPatterns(secretsOf(values));
        expect(new Set(patterns).size).toBe(patterns.length);
        expect(patterns).toEqual(patterns.toSorted());
      }),
    );
  });

  it("is made of base64 that is too short to be told from other text", () => {
    expect(redactionPatterns({ A: "abcd" })).toEqual(["abcd"]);
    expect(redactionPatterns({ A: "abcde" }).every(({ length }) => length >= 5)).toBe(true);
  });

  it.each<[string, Record<string, string>]>([
    ["nothing", { A: "", B: "\n\n" }],
    ["white space", { A: "      \n\t\t\t\t\t" }],
    ["lines that are too short", { A: "abc", B: "x\n y \n" }],
  ])("is made of %s", (_, secrets) => {
    expect(redactionPatterns(secrets)).toEqual([]);
  });

  it("is added for an encoding that leaves the secret as it is", () => {
    const secret = "AKIAIOSFODNN7EXAMPLE";
    const inBase64 = redactionPatterns({ A: secret }).filter((pattern) => pattern !== secret);
    expect(inBase64.length).toBeLessThan(10);
    for (const pattern of inBase64) expect(pattern).toMatch(/^[\w=]+$/);
  });

  it("is one too many: a line has at most 50, whatever its characters", () => {
    const ascii = Array.from({ length: 95 }, (_, at) => String.fromCharCode(32 + at)).join("");
    expect(redactionPatterns({ A: `${ascii}\x01ü🚀\u2028.` }).length).toBeLessThanOrEqual(50);
  });

  it("makes all patterns of a long secret 17 times as large as the secret", () => {
    const secret = Array.from({ length: 800 }, (_, at) =>
      base64(`${at} of a long key, line by line.`.padEnd(48)),
    ).join("\n");
    const size = redactionPatterns({ KEY: secret }).join("\n").length;
    expect(size / secret.length).toBeLessThan(17);
  });
});

describe("tooShortToRedact", () => {
  it.each<[string, Record<string, string>, string[]]>([
    ["a short value, by its name", { PIN: "123" }, ["PIN"]],
    ["a value with a short line", { KEY: "abcdef\nxy\n", OK: "abcdef" }, ["KEY"]],
    ["a value that is long by its white space", { PIN: "  12  " }, ["PIN"]],
    ["nothing empty", { A: "", B: "abcd\n\nefgh", C: "   " }, []],
  ])("names %s", (_, secrets, names) => {
    expect(tooShortToRedact(secrets)).toEqual(names);
  });
});
