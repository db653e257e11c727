import { Bytes } from "../../src/session/bytes.ts";

it("Bytes keeps pieces in order, and `take` empties it", () => {
  const bytes = new Bytes();
  for (const piece of ["a", "", "bc", "d".repeat(1000)]) bytes.push(Buffer.from(piece));
  expect(bytes.length).toBe(1003);
  expect(bytes.take().toString()).toBe(`abc${"d".repeat(1000)}`);
  expect([bytes.length, bytes.take().length]).toEqual([0, 0]);
});

it("a view keeps its bytes after more are pushed or all are taken", () => {
  const bytes = new Bytes();
  bytes.push(Buffer.from("ab"));
  const seen = bytes.view();
  bytes.push(Buffer.from("c"));
  const taken = bytes.take();
  bytes.push(Buffer.from("xyz"));
  expect([seen.toString(), taken.toString(), bytes.view().toString()]).toEqual(["ab", "abc", "xyz"]);
});
