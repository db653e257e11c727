import type { Shell } from "./shell.ts";

/** What the runner types first. */
export interface Opening {
  /** The loader has read it already. */
  wasTyped: boolean;
  packAbove: number | undefined;
  /** The most bytes of the spool that are sent at once. */
  part: number;
}

/** The first line that a runner types: the nonce, how many bytes are sent at once, and from how many on output is packed. */
export function takeOpening(shell: Shell, opening: Opening, line: string): void {
  const [nonce = "", part = "", pack] = line.split(" ");
  shell.nonce = nonce;
  shell.isHeard = true;
  opening.part = Number(part);
  opening.packAbove = pack === undefined || pack === "" ? undefined : Number(pack);
}
