import { createWriteStream } from "node:fs";
import { PassThrough, Writable } from "node:stream";
import { watchWrites } from "../../src/cli/watch-writes.ts";

it("all is out where each write is taken", async () => {
  const stream = new PassThrough();
  const isOut = watchWrites(stream);
  stream.write("output");
  expect(await isOut()).toBe(true);
});

it("a full disk has not taken what was written before", async () => {
  const stream = createWriteStream("/dev/full");
  const isOut = watchWrites(stream);
  expect(await isOut()).toBe(true);
  stream.write("output");
  expect(await isOut()).toBe(false);
});

it("a stream that takes later writes again, as a disk with room once more, has lost one", async () => {
  let writes = 0;
  const stream = new Writable({
    autoDestroy: false,
    write: (_bytes, _encoding, done) => done(writes++ === 0 ? new Error("ENOSPC") : null),
  });
  const isOut = watchWrites(stream);
  stream.write("output");
  expect(await isOut()).toBe(false);
});
