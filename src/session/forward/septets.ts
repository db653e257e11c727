/** The values of a septet: the bytes of ASCII, all of which a terminal passes once it is raw. */
export const SEPTET_VALUES = 128;
const BITS = 7;

/** These bytes in septets, seven bits in a byte from the highest on. The last one is filled up with zeros. */
export function toSeptets(bytes: Uint8Array): Buffer {
  const septets = Buffer.alloc(Math.ceil((bytes.length * 8) / BITS));
  let [at, held, count] = [0, 0, 0];
  for (const byte of bytes) {
    held = ((held << 8) | byte) & 0x7fff;
    count += 8;
    while (count >= BITS) {
      count -= BITS;
      septets[at++] = (held >> count) & 0x7f;
    }
  }
  if (count > 0) septets[at] = (held << (BITS - count)) & 0x7f;
  return septets;
}

/** The bytes that are whole in these septets. The highest bit of each byte counts as zero. */
export function fromSeptets(septets: Uint8Array): Buffer {
  const bytes = Buffer.alloc(Math.floor((septets.length * BITS) / 8));
  let [at, held, count] = [0, 0, 0];
  for (const septet of septets) {
    held = ((held << BITS) | (septet & 0x7f)) & 0x7fff;
    count += BITS;
    if (count < 8) continue;
    count -= 8;
    bytes[at++] = (held >> count) & 0xff;
  }
  return bytes;
}
