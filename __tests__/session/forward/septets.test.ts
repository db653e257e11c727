import fc from "fast-check";
import { fromSeptets, toSeptets } from "../../../src/session/forward/septets.ts";

describe("bytes in septets", () => {
  it.each([
    ["", ""],
    ["ff", "7f40"],
    ["0102", "004040"],
    ["01020304050607", "0040403020140c07"],
  ])("carries %s", (bytes, septets) => {
    expect(toSeptets(Buffer.from(bytes, "hex")).toString("hex")).toBe(septets);
  });

  it("are the same bytes again, whatever they are", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        const septets = toSeptets(bytes);
        expect(septets.every((each) => each < 128)).toBe(true);
        expect(septets).toHaveLength(Math.ceil((bytes.length * 8) / 7));
        expect(fromSeptets(septets)).toEqual(Buffer.from(bytes));
      }),
    );
  });
});
