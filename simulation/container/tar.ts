const BLOCK = 512;

/** A file of an archive. */
export interface Member {
  readonly name: string;
  readonly bytes: Buffer;
}

/** An archive of regular files (POSIX ustar). */
export function tarOf(members: readonly Member[]): Buffer {
  const blocks = members.flatMap(({ name, bytes }) => [
    headerOf(name, bytes.length),
    bytes,
    Buffer.alloc((BLOCK - (bytes.length % BLOCK)) % BLOCK),
  ]);
  return Buffer.concat([...blocks, Buffer.alloc(2 * BLOCK)]);
}

/** The regular files of an archive. */
export function membersOf(archive: Buffer): readonly Member[] {
  const members: Member[] = [];
  for (let at = 0; at + BLOCK <= archive.length && archive[at] !== 0;) {
    const text = (from: number, length: number): string =>
      archive.toString("utf8", at + from, at + from + length).replace(/\0.*$/s, "");
    const size = Number.parseInt(text(124, 12), 8);
    const begin = at + BLOCK;
    const above = text(345, 155);
    const name = `${above === "" ? "" : `${above}/`}${text(0, 100)}`;
    if (text(156, 1) === "0")
      members.push({ name, bytes: Buffer.from(archive.subarray(begin, begin + size)) });
    at = begin + Math.ceil(size / BLOCK) * BLOCK;
  }
  return members;
}

function headerOf(name: string, size: number): Buffer {
  const header = Buffer.alloc(BLOCK);
  const octal = (value: number, digits: number): string => `${value.toString(8).padStart(digits, "0")}\0`;
  header.write(name, 0, 100);
  header.write(octal(0o644, 7), 100);
  header.write(octal(0, 7), 108);
  header.write(octal(0, 7), 116);
  header.write(octal(size, 11), 124);
  header.write(octal(1_767_225_600, 11), 136);
  header.write(" ".repeat(8), 148);
  header.write("0", 156);
  header.write("ustar\x0000", 257);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  return header;
}
