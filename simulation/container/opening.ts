import type { Shell } from "./shell.ts";

/** What the runner types first. */
export interface Opening {
  /** The loader has read it already. */
  wasTyped: boolean;
  packAbove: number | undefined;
}

/** The first line that a runner types: the nonce, and from how many bytes on output is packed. */
export function takeOpening(shell: Shell, opening: Opening, line: string): void {
  const [nonce = "", pack] = line.split(" ");
  shell.nonce = nonce;
  shell.isHeard = true;
  opening.packAbove = pack === undefined || pack === "" ? undefined : Number(pack);
}
