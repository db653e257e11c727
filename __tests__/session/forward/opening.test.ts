import { Failure } from "../../../src/errors.ts";
import { OpeningReader } from "../../../src/session/forward/opening.ts";

const mark = (text: string): string => `\u001b]7733;${text}\u0007\r\n`;
const read = (...pieces: readonly string[]) => {
  const reader = new OpeningReader();
  const found = pieces.map((piece) => reader.read(Buffer.from(piece)));
  return found.at(-1);
};

describe("the opening of a forward's session", () => {
  it("is found behind a shell's warning, in pieces, with the bytes after it", () => {
    expect(read("sh: warning\r\n\u001b]77", "33;rea", "dy\u0007\nABC")).toEqual({
      opening: { kind: "ready" },
      rest: Buffer.from("ABC"),
    });
    expect(read("a warning\n", mark("gone"))?.opening).toEqual({ kind: "gone" });
    expect(read("nothing yet")).toBeUndefined();
  });

  it.each(["", "/opt/venv/bin/python3"])("tells that there is no python3 to be trusted: '%s'", (path) => {
    expect(read(mark(`python${path}`))?.opening).toEqual({ kind: "no-python", path });
  });

  it("is not waited for without bound", () => {
    for (const text of ["x".repeat(70_000), "x\n".repeat(35_000)]) expect(() => read(text)).toThrow(Failure);
  });
});
