import { hash } from "node:crypto";

type Word = readonly [word: string, value: string];

/** A `control` that the runner has written. */
interface Control {
  readonly number: number;
  readonly begin: number;
  readonly body: Buffer;
}

/** The words of an order. A word with a `+` has more of the value before it. */
function parseWords(lines: readonly string[]): readonly Word[] {
  const words: [string, string][] = [];
  for (const line of lines) {
    const at = line.indexOf(" ");
    const [word, value] = [line.slice(0, at), line.slice(at + 1)];
    const last = words.at(-1);
    if (!word.endsWith("+") || last === undefined) words.push([word, value]);
    else last[1] += word === "field+" ? value.slice(value.indexOf(" ") + 1) : value;
  }
  return words;
}

/** What a runner orders an uploader to do: where the pieces go, and with which keys and signatures. */
export class Order {
  #words: readonly Word[];
  /** Where `control` is, and the signature that opens it; undefined until it is asked for. */
  #control: { readonly key: string; readonly signature: string } | undefined;

  constructor(lines: readonly string[]) {
    this.#words = parseWords(lines);
  }

  one(word: string): string {
    return this.#words.find(([each]) => each === word)?.[1] ?? "";
  }

  get control(): { readonly key: string; readonly signature: string } {
    return (this.#control ??= {
      key: new URL(this.one("control")).pathname.slice(1),
      signature: new URLSearchParams(this.one("query")).get("X-Amz-Signature") ?? "",
    });
  }

  field(name: string): string {
    const found = this.#words.find(
      ([word, value]) => word === "field" && value.toLowerCase().startsWith(`${name} `),
    );
    return found?.[1].slice(name.length + 1) ?? "";
  }

  /** The new signatures of a kind replace all of that kind. False when these lines have none. */
  renew(lines: readonly string[]): boolean {
    const words = parseWords(lines.filter((line) => line.includes(" ")));
    const kind = ([word, value]: readonly [string, string]): string =>
      word === "field" ? `field ${value.split(" ")[0]?.toLowerCase() ?? ""}` : word;
    const fresh = words.filter((word) =>
      /^(query|post-until|field (policy|x-amz-(credential|date|security-token|signature)))$/.test(kind(word)),
    );
    if (fresh.length === 0) return false;
    const kinds = new Set(fresh.map(kind));
    this.#words = [...this.#words.filter((word) => !kinds.has(kind(word))), ...fresh];
    this.#control = undefined;
    return true;
  }

  seal(kind: string, number: number, begin: number, body: Buffer): Buffer {
    const facts = `${kind} ${number} ${begin} ${body.length}`;
    return Buffer.concat([Buffer.from(`fx1 ${facts} ${this.#mac(facts, body)}\n`), body]);
  }

  /** Undefined for anything that the runner has not written. */
  open(data: Buffer): Control | undefined {
    const end = data.indexOf(10);
    const [, kind, number, begin, length, mac] = data.toString("latin1", 0, end).split(" ");
    const body = data.subarray(end + 1);
    if (
      kind !== "control" ||
      mac !== this.#mac(`${kind} ${number ?? ""} ${begin ?? ""} ${length ?? ""}`, body)
    )
      return undefined;
    return { number: Number(number), begin: Number(begin), body };
  }

  #mac(facts: string, body: Buffer): string {
    const [inner = "", outer = ""] = this.one("key").split(" ");
    const sealed = Buffer.concat([Buffer.from(`${inner}fx1 ${this.one("job")} ${facts}\n`), body]);
    return hash("sha256", outer + hash("sha256", sealed));
  }
}
