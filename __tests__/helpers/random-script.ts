import { between, pick, type Random } from "./seeds.ts";

/** A script with its inputs. */
export interface ScriptCase {
  readonly script: Buffer;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** The script prints them as the numbers of their bytes, which are not redacted. */
  readonly secrets: Readonly<Record<string, string>>;
}

export interface CaseOptions {
  /** Whether output and script may hold bytes that are not UTF-8. */
  readonly anyBytes: boolean;
  /** Whether arguments may hold line ends or be empty. */
  readonly anyArgs: boolean;
}

/**
 * A script for `sh -e` whose streams, each by itself, are the same in every run. It covers every kind of quoting, line end,
 * length and exit. Scripts are put together as binary strings, one character a byte.
 */
export function randomScript(random: Random, { anyBytes, anyArgs }: CaseOptions): ScriptCase {
  const names = Array.from({ length: between(random, 0, 4) }, (_, at) => `V${at}_${word(random)}`);
  const env = Object.fromEntries(names.map((name) => [name, text(random, true)]));
  const args = Array.from({ length: between(random, 0, 4) }, () => {
    const arg = text(random, anyArgs);
    return anyArgs || arg !== "" ? arg : "x";
  });
  // Each of its lines is redacted, so none may be a text that the script prints.
  const secrets = {
    SECRET: `${word(random)}-${word(random)} ${text(random, false)}\n${word(random)}${word(random)}$'"`,
  };
  const raw: RawText = (lines) =>
    anyBytes && random() < 0.3 ? bytes(random, lines) : binary(text(random, lines));

  const lines = ["umask; pwd", ...names.map((name) => `printf '${name}=%s\\n' "$${name}"`)];
  if (random() < 0.5) lines.push(`printf %s "$SECRET" | od -An -v -tx1`, `printf '<%s>' "$@"; echo "$#"`);
  for (let left = between(random, 1, 8); left > 0; left -= 1) {
    const line = pick(random, STATEMENTS)(random, raw);
    lines.push(random() < 0.2 ? `{ ${line}\n} >&2` : line);
  }
  if (random() < 0.3) lines.sort(() => random() - 0.5);
  lines.push(pick(random, ENDINGS)(random));
  let script = lines.join("\n") + (random() < 0.3 ? "" : "\n");
  if (random() < 0.1) script = script.replaceAll("\n", "\r\n");
  return { script: Buffer.from(script, "latin1"), args, env, secrets };
}

/** A string to be quoted, with line ends or without. */
type RawText = (lines: boolean) => string;

const STATEMENTS: readonly ((random: Random, raw: RawText) => string)[] = [
  (random, raw) => `printf '%s' ${quoteWord(random, raw(true))}`,
  (random, raw) => `echo ${quoteWord(random, raw(true))}${pick(random, ["", " >&2"])}`,
  (random) =>
    `printf '${Array.from({ length: between(random, 1, 60) }, () => octal(between(random, 0, 127))).join("")}'`,
  (_, raw) => `cat <<'END of it'\n${raw(true)}\n'"$HOME\\\nEND of it`,
  (_, raw) => `cat <<END\n${escapeText(raw(true))} $# \${1-none}\nEND`,
  (_, raw) => `# ${raw(false)}`,
  (random, raw) =>
    `: ${quoteWord(
      random,
      raw(false)
        .repeat(between(random, 20, 200))
        .slice(0, 20_000),
    )}`,
  (random, raw) =>
    `i=0; while [ $i -lt ${between(random, 1, 40)} ]; do i=$((i + 1)); echo "$i:"${quoteWord(random, raw(false))}; done`,
  (random) => `printf '%0${between(random, 1, 20_000)}d%s' 7 ${pick(random, ["", "'\n'"])}`,
  (random) => `seq ${between(random, 1, 4000)}`,
  () => `cat; read -r line || echo "no input"`,
  (random, raw) =>
    `f() { printf '%s|' "$@"; return 3; }; f ${quoteWord(random, raw(true))} '' || echo "code $?"`,
  (random) => `(exit ${between(random, 1, 255)}) || echo "$?"`,
  (random, raw) =>
    `set -x; X=${quoteWord(random, raw(true))}; : "$X" ${quoteWord(random, raw(false))}; set +x`,
  (random, raw) => `printf %s ${quoteWord(random, raw(true))} | tr a-z A-Z | od -An -v -tx1`,
  () => `for i in 1 2 3; do echo "out $i"; echo "err $i" >&2; done`,
  () => `echo "$({ echo behind; echo err >&2; } & wait)"`,
  (random, raw) =>
    `case ${quoteWord(random, raw(false))} in *[a-m]*) echo some ;; ${quoteWord(random, raw(false))}) echo same ;; *) echo none ;; esac`,
  () => `trap 'echo bye; echo bye >&2' EXIT`,
  (random, raw) => `eval ${quoteWord(random, `printf '%s\\n' ${quoteWord(random, raw(true))}`)}`,
  (_, raw) => `echo one \\\n  "two" \\\n  three\t${escapeText(raw(false)).replaceAll(/[^\w]/g, "")}`,
  (random) =>
    `test "$(printf '${octal(between(random, 1, 127))}')" = x || echo "$((${between(random, 0, 9)} * 7))"`,
];

const ENDINGS: readonly ((random: Random) => string)[] = [
  () => ":",
  () => "printf 'no end'",
  (random) => `exit ${between(random, 0, 255)}`,
  (random) => `exit ${between(random, 0, 255)}\nif 'this is never read`,
  (random) => `(exit ${between(random, 0, 255)})\necho "still here"`,
  () => "false\necho never",
  () => "no-such-command 'x y'\necho never",
  () => "echo before; fi\necho never",
  () => "echo 'without an end",
  () => `set -u; echo "$THERE_IS_NO_SUCH_THING"`,
  () => "exec sh -c 'echo \"$0\" >&2; exit 9' other",
  () => "exec /no/such/program",
  (random) => `kill -s ${pick(random, ["TERM", "KILL", "INT", "HUP", "USR1"])} $$; echo never`,
];

/** One shell word for these bytes. */
function quoteWord(random: Random, value: string): string {
  return random() < 0.5
    ? `'${value.replaceAll("'", "'\\''")}'`
    : `"${escapeText(value).replaceAll('"', '\\"')}"`;
}

/** The text as it is written between double quotes, or in a here-document, where quotes have no meaning. */
function escapeText(value: string): string {
  return value.replaceAll(/[\\$`]/g, "\\$&");
}

const PIECES: readonly ((random: Random) => string)[] = [
  (random) => String.fromCharCode(between(random, 32, 126)),
  (random) => pick(random, "'\"`$\\!*?[]{}()<>|&;#~%^= \t\r".split("")),
  (random) =>
    pick(random, [
      "größe",
      "日本語",
      "🚀",
      "e\u0301",
      "\u202e",
      "\u00a0",
      "\ufffd",
      "\u0085",
      "\u2028",
      "\ufeff",
    ]),
  (random) => String.fromCharCode(pick(random, [1, 3, 4, 7, 8, 11, 12, 17, 19, 26, 27, 28, 127])),
  (random) =>
    pick(random, [
      "\x1b]7733;",
      "\x1b[31m",
      "$(",
      "${",
      "{{",
      "}}",
      "$$",
      "%s",
      "\\n",
      "--",
      "::error::",
      "EOF",
      ".",
      "taken",
    ]),
  word,
];

/** Any characters but NUL, mostly few. */
function text(random: Random, lines: boolean): string {
  const length = random() < 0.05 ? between(random, 500, 5_000) : between(random, 0, 12);
  const pieces = lines ? [...PIECES, () => "\n"] : PIECES;
  const made = Array.from({ length }, () => pick(random, pieces)(random)).join("");
  return lines ? made : made.replaceAll("\r", "");
}

function bytes(random: Random, lines: boolean): string {
  const made = Array.from({ length: between(random, 0, 40) }, () =>
    String.fromCharCode(between(random, 1, 255)),
  );
  return made.filter((char) => lines || !"\r\n".includes(char)).join("");
}

function binary(value: string): string {
  return Buffer.from(value, "utf8").toString("latin1");
}

function octal(byte: number): string {
  return `\\${byte.toString(8).padStart(3, "0")}`;
}

function word(random: Random): string {
  return Math.floor(random() * 2 ** 32).toString(36);
}
