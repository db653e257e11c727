/** The rune that Go's ReadRune reads at the offset `at`: its length in bytes, and whether it is RuneError. */
function firstRune(bytes: Uint8Array, at: number): { size: number; error: boolean } {
  const lead = bytes[at] ?? 0;
  if (lead < 0x80) return { size: 1, error: false };
  const size =
    lead >= 0xc2 && lead < 0xe0 ? 2 : lead >= 0xe0 && lead < 0xf0 ? 3 : lead >= 0xf0 && lead < 0xf5 ? 4 : 0;
  const second = bytes[at + 1] ?? 0;
  // The second byte tells overlong forms, surrogates and code points past U+10FFFF.
  const low = lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80;
  const high = lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf;
  if (size === 0 || second < low || second > high) return { size: 1, error: true };
  for (let next = at + 2; next < at + size; next += 1) {
    if (((bytes[next] ?? 0) & 0xc0) !== 0x80) return { size: 1, error: true };
  }
  // A genuine U+FFFD is the same rune to the agent as an error, but three bytes long.
  return { size, error: lead === 0xef && second === 0xbf && bytes[at + 2] === 0xbd };
}

const LONGEST_RUNE = 4;

/**
 * Passes output through UTF-8 as the agent does, with its flaws. An invalid byte among the last three bytes of a read is held
 * back for the next read, and lost if there is none. Of a genuine U+FFFD before these bytes, only the first byte comes out.
 */
export class RuneFilter {
  #held: Uint8Array = new Uint8Array(0);

  pass(read: Uint8Array): Buffer {
    const bytes = Buffer.concat([this.#held, read]);
    const passed = Buffer.allocUnsafe(bytes.length);
    let length = 0;
    let at = 0;
    while (at < bytes.length) {
      const rune = firstRune(bytes, at);
      if (rune.error && bytes.length - at < LONGEST_RUNE) break;
      const kept = rune.error ? 1 : rune.size;
      length += bytes.copy(passed, length, at, at + kept);
      at += rune.size;
    }
    this.#held = bytes.subarray(at);
    return passed.subarray(0, length);
  }
}
