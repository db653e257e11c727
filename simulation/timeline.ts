import type { Time } from "./time.ts";

/** What has happened, in its order. The columns are the world, then each runner and each container. */
export interface Happening {
  /** Milliseconds since the beginning. */
  readonly at: number;
  readonly actor: string;
  readonly text: string;
}

/** Records what happens. The same scenario makes the same timeline, byte for byte. */
export class Timeline {
  readonly happenings: Happening[] = [];
  readonly #time: Time;

  constructor(time: Time) {
    this.#time = time;
  }

  note(actor: string, text: string): void {
    this.happenings.push({ at: this.#time.elapsed, actor, text });
  }

  /** One line for each happening, for comparisons. */
  toString(): string {
    return this.happenings.map(({ at, actor, text }) => `${at} ${actor} ${text}\n`).join("");
  }
}

const WIDTH = 46;

/** The timeline as a person reads it: time, then a column for the world, each runner and each container. */
export function inColumns(happenings: readonly Happening[]): string {
  const actors = [...new Set(["world", ...happenings.map(({ actor }) => actor)])].sort(byKind);
  const head = ["time".padStart(10), ...actors.map((actor) => actor.padEnd(WIDTH))].join("  ").trimEnd();
  const rows = happenings.flatMap(({ at, actor, text }) => {
    const column = actors.indexOf(actor);
    const lead = " ".repeat(column * (WIDTH + 2));
    return foldWords(text).map((piece, index) => {
      const time = index === 0 ? (at / 1000).toFixed(3) : "";
      return `${time.padStart(10)}  ${lead}${piece}`;
    });
  });
  return `${[head, ...rows].join("\n")}\n`;
}

function byKind(one: string, other: string): number {
  const rank = (actor: string): number =>
    ["world", "runner", "container", "task", "oracle"].findIndex((kind) => actor.startsWith(kind));
  return rank(one) - rank(other) || one.localeCompare(other, "en", { numeric: true });
}

/** The text in pieces that fit a column. */
function foldWords(text: string): readonly string[] {
  const pieces: string[] = [];
  for (let rest = text.replaceAll(/[^ -~]/g, "?"); rest !== "";) {
    let cut = rest.length <= WIDTH ? rest.length : rest.lastIndexOf(" ", WIDTH);
    if (cut <= 0) cut = WIDTH;
    pieces.push(rest.slice(0, cut));
    rest = rest.slice(cut).trimStart();
  }
  return pieces.length === 0 ? [""] : pieces;
}
