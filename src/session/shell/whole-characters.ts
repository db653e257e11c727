/** The most bytes of a character of UTF-8. */
const LONGEST = 4;

/** Whether a character of UTF-8 goes on with this byte. */
export function isContinuation(byte: number): boolean {
  return (byte & 0xc0) === 0x80;
}

/**
 * How many of the first `most` bytes make whole characters of UTF-8: all but the begin of a last character whose rest may still come, or lies
 * behind `most`. Zero when there is nothing else. Bytes that no UTF-8 has count as whole.
 */
export function wholeCharacters(bytes: Uint8Array, most: number): number {
  const end = Math.min(bytes.length, most);
  // The last character begins at most three bytes back.
  for (let back = 1; back < LONGEST && back <= end; back++) {
    const byte = bytes[end - back] ?? 0;
    if (!isContinuation(byte)) return lengthOf(byte) > back ? end - back : end;
  }
  return end;
}

/** How many bytes a character has that begins with this one. 1 too for a byte with which none begins (RFC 3629). */
export function lengthOf(byte: number): number {
  if (byte < 0xc2 || byte > 0xf4) return 1;
  return byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;
}
