import { isRecord } from "../values.ts";
import { messageOf, type WordsForEach } from "../errors.ts";

/** A value, or the words that finish "input 'x' must be …, got …". */
export type ParseResult<T> =
  | { readonly value: T }
  | { readonly must: string; readonly got: string; readonly advice?: string | WordsForEach };

export type Parser<T> = (text: string) => ParseResult<T>;

/** The longest duration. GitHub ends jobs of self-hosted runners after five days. */
const longest = 120 * 3_600_000;

const smallest = 16 * 1024 * 1024;
/** The largest size: that of the disk of a task on Fargate. */
const largest = 200 * 1024 * 1024 * 1024;

const milliseconds = { s: 1_000, m: 60_000, h: 3_600_000 } as const;

/** A duration such as `90s`, `30m` or `2h`, in milliseconds. */
export function duration(text: string): ParseResult<number> {
  const [, digits = "", unit = ""] = /^(\d{1,9})([smh])$/.exec(text) ?? [];
  const value = Number(digits) * milliseconds[unit === "s" || unit === "m" ? unit : "h"];
  if (unit !== "" && value > 0 && value <= longest) return { value };
  return { must: "a duration like 90s, 30m or 2h, from 1s to 120h", got: quoteValue(text) };
}

/** A size such as `256 MB` or `2 GB`, in bytes. As in ECS, a kilobyte has 1,024 bytes. */
export function size(text: string): ParseResult<number> {
  const [, digits = "", unit = ""] = /^(\d{1,6}) ?(MB|GB)$/.exec(text) ?? [];
  const value = Number(digits) * (unit === "GB" ? 1024 : 1) * 1024 * 1024;
  if (unit !== "" && value >= smallest && value <= largest) return { value };
  return { must: "a size like 256 MB or 2 GB, from 16 MB to 200 GB", got: quoteValue(text) };
}

/** A boolean of YAML 1.2, as GitHub's toolkit reads it. */
export function boolean(text: string): ParseResult<boolean> {
  if (["true", "True", "TRUE"].includes(text)) return { value: true };
  if (["false", "False", "FALSE"].includes(text)) return { value: false };
  return { must: "true or false", got: quoteValue(text) };
}

/** A whole number from `least` to `most`. */
export function count(least: number, most: number): Parser<number> {
  return (text) => {
    const value = /^\d{1,9}$/.test(text) ? Number(text) : NaN;
    if (value >= least && value <= most) return { value };
    return { must: `a whole number from ${least} to ${most}`, got: quoteValue(text) };
  };
}

export function oneOf<const T extends string>(...choices: readonly T[]): Parser<T> {
  return (text) => {
    const value = choices.find((choice) => choice === text);
    if (value !== undefined) return { value };
    return { must: `one of ${choices.join(", ")}`, got: quoteValue(text) };
  };
}

/** A text that matches `form`; `must` names the form and gives an example. */
export function matching(form: RegExp, must: string): Parser<string> {
  return (text) => (form.test(text) ? { value: text } : { must, got: quoteValue(text) });
}

/** Items separated by newlines or commas, without the blanks around them. Empty items are dropped. */
export function list(text: string): readonly string[] {
  return text
    .split(/[\n,]/)
    .map((item) => item.trim())
    .filter((item) => item !== "");
}

/** A list of at most `most` items that match `form`. */
export function listOf(form: RegExp, must: string, most: number): Parser<readonly string[]> {
  return (text) => {
    const items = list(text);
    const wrong = items.find((item) => !form.test(item));
    if (wrong !== undefined) return { must, got: quoteValue(wrong) };
    if (items.length > most) return { must: `${most} items at most`, got: `${items.length}` };
    return { value: items };
  };
}

/** `key=value` items; a value may be empty and may hold further `=`. */
export function pairs(text: string): ParseResult<Readonly<Record<string, string>>> {
  const found = new Map<string, string>();
  for (const item of list(text)) {
    const equals = item.indexOf("=");
    if (equals < 1) return { must: "key=value items, such as team=web", got: quoteValue(item) };
    const key = item.slice(0, equals).trim();
    if (found.has(key))
      return { must: "key=value items with each key once", got: `${quoteValue(key)} twice` };
    found.set(key, item.slice(equals + 1).trim());
  }
  return { value: Object.fromEntries(found) };
}

/** One argument for each line, byte for byte. An empty line is an empty argument. */
export function lines(text: string): readonly string[] {
  if (text === "") return [];
  return text.replace(/\n$/, "").split("\n");
}

export function jsonObject(text: string): ParseResult<Readonly<Record<string, unknown>>> {
  const must = 'a JSON object, such as {"containerOverrides": []}';
  try {
    const value: unknown = JSON.parse(text);
    if (isRecord(value)) return { value };
    return { must, got: quoteValue(text) };
  } catch (error) {
    return { must, got: `${quoteValue(text)} (${messageOf(error)})` };
  }
}

/** CPU units such as `512`, or vCPUs such as `.5 vCPU`. The result is in CPU units, which every member of RunTask takes. */
export const cpuUnits = sized(/^vcpu$/i, "cpu units or vCPUs, such as 512 or .5 vCPU");

/** MiB such as `2048`, or GB such as `2 GB`. The result is in MiB. */
export const memoryMiB = sized(/^gb$/i, "MiB or GB, such as 2048 or 2 GB");

function sized(unit: RegExp, must: string): Parser<string> {
  return (text) => {
    const [, amount = "", suffix = ""] = /^(\d{0,6}(?:\.\d{1,4})?)\s*([a-z]*)$/i.exec(text) ?? [];
    const value = suffix === "" ? Number(amount) : unit.test(suffix) ? Number(amount) * 1024 : NaN;
    return Number.isInteger(value) && value > 0 ? { value: String(value) } : { must, got: quoteValue(text) };
  };
}

/** A text for a message: quoted, on one line, at most 80 characters. */
export function quoteValue(text: string): string {
  if (text === "") return "nothing";
  // eslint-disable-next-line no-control-regex -- a control character could start a workflow command or a colour
  const line = text.replace(/[\x00-\x1f\x7f]+/g, " ");
  return line.length > 80 ? `'${line.slice(0, 77)}...'` : `'${line}'`;
}
