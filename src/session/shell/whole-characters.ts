/** The most bytes of a character of UTF-8. */
const LONGEST = 4;

/** Whether a character of UTF-8 goes on with this byte. */
export function isContinuation(byte: number): boolean {
  return (byte & 0xc0) === 0x80;
}

/**
 * How many of the first `most` bytes make whole characters of UTF-8. Bytes that are no UTF-8 count as whole. `most` is at least 4.
 */
export function wholeCharacters(bytes: Uint8Array, most: number): number {
  const end = Math.min(bytes.length, most);
  for (let back = 1; back < LONGEST && back <= end; back++) {
    const byte = bytes[end - back] ?? 0;
    if (isContinuation(byte)) continue;
    const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
    return length > back ? end - back : end;
  }
  return end;
}
