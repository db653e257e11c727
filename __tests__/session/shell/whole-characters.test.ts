import { wholeCharacters } from "../../../src/session/shell/whole-characters.ts";

it("pieces of any size end between two characters of UTF-8", () => {
  const text = Buffer.from("aäß€日本😀x😀".repeat(20));
  for (let most = 4; most < 20; most++)
    for (let rest = text; rest.length > 0;) {
      const count = wholeCharacters(rest, most);
      expect(count).toBeGreaterThan(0);
      expect(rest.subarray(0, count).toString()).not.toContain("\ufffd");
      rest = rest.subarray(count);
    }
});

it("bytes that are no UTF-8 pass", () => {
  const bytes = Buffer.from([0x80, 0x80, 0x80, 0x80, 0x80, 0xff, 0xfe]);
  expect(wholeCharacters(bytes, 4)).toBe(4);
  expect(wholeCharacters(Buffer.from([0xc3, 0x28]), 4)).toBe(2);
});
