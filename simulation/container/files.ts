import type { Host } from "../time.ts";
import type { Container } from "./container.ts";
import type { Directory } from "./directory.ts";
import { readWord } from "./shell-words.ts";
import { membersOf } from "./tar.ts";

/** Placing takes a millisecond for so many bytes. */
const BYTES_PER_MS = 200_000;

/** The words of the function in the payload's head; none when no files are brought. */
export function parseDestinations(head: string): readonly string[] {
  const call = /fx_with_destinations\(\) ?\{\s*"\$@" /.exec(head);
  if (call === null) return [];
  const words: string[] = [];
  for (let at = call.index + call[0].length; head[at] !== "\n"; at += head[at] === " " ? 1 : 0) {
    const { word, end } = readWord(head, at);
    words.push(word);
    at = end;
  }
  return words;
}

/** Places the files of an archive one after the other. Why one can't be placed; undefined when all are. */
export async function placeFiles(
  container: Container,
  { settings, spool }: Directory,
  host: Host,
  archive: Buffer,
): Promise<string | undefined> {
  const { base, options, files } = container;
  await base.time.sleep(host, options.pace);
  for (const { name, bytes } of membersOf(archive)) {
    const [number = "", ...rest] = name.split("/");
    const destination = settings?.destinations[Number(number)];
    const path = [...(destination === "" ? [] : [destination]), ...rest].join("/");
    if (options.directories?.includes(path) === true)
      return `files: '${path}' is a directory of the container, and a file is to be there`;
    await base.time.sleep(host, bytes.length / BYTES_PER_MS);
    if (!spool.hasRoom(bytes.length)) return `files: '${path}': No space left on device`;
    spool.lose(bytes.length);
    files.set(path, bytes);
  }
  return undefined;
}
