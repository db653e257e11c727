import { readWord } from "./shell-words.ts";

/** A line of the input, as the runner has written it into the payload. */
interface Glob {
  readonly isExclusion: boolean;
  readonly base: string;
  readonly regex: RegExp;
}

/** Which files are to be brought back. */
export interface ArtifactSettings {
  readonly globs: readonly Glob[];
  /** The seconds of packing at most. */
  readonly packingMs: number;
}

/** The settings in the payload's head; undefined when no artifacts are asked for. */
export function parseArtifacts(head: string): ArtifactSettings | undefined {
  if (!head.includes("fx_with_globs()")) return undefined;
  const [call = ""] = /fx_with_globs\(\) ?\{\s*"\$@" "\$fx_workdir" /.exec(head) ?? [];
  if (call === "") return undefined;
  const words: string[] = [];
  for (let at = head.indexOf(call) + call.length; head[at] !== "\n"; at += head[at] === " " ? 1 : 0) {
    const { word, end } = readWord(head, at);
    words.push(word);
    at = end;
  }
  const globs = words.slice(2).flatMap((sign, at, all): readonly Glob[] => {
    if (at % 4 !== 0) return [];
    const [base = "", , regex = ""] = all.slice(at + 1);
    return [{ isExclusion: sign === "-", base, regex: new RegExp(`^(?:${regex})$`, "su") }];
  });
  const seconds = Number(/fx_packing_time=(\d+)/.exec(head)?.[1]);
  return { globs, packingMs: seconds * 1_000 };
}

/** Whether a line selects this path. */
export function matches({ base, regex }: Glob, path: string): boolean {
  if (base !== "" && path !== base && !path.startsWith(`${base}/`)) return false;
  return regex.test(path.slice(base.length).replace(/^\//, ""));
}
