import { PIECE, Stream } from "../../../src/session/forward/stream.ts";
import { randomBuffer, randomOf } from "../../../simulation/random.ts";

const PACKED = 1;

it("a stream of which a piece can't be packed sends small and plain ones, and packs again from the eighth on", () => {
  const stream = new Stream();
  expect(stream.allowed).toBe(PIECE);
  expect(stream.pack(randomBuffer(randomOf(1), 8_192))[0]).not.toBe(PACKED);
  const pieces = Array.from({ length: 9 }, () => {
    const { allowed } = stream;
    return [allowed, stream.pack(Buffer.alloc(8_192, "row "))[0] === PACKED];
  });
  expect(pieces).toEqual([...Array<unknown>(8).fill([8_192, false]).with(7, [8_192, true]), [PIECE, true]]);
});
