import { createWriteStream } from "node:fs";
import { PassThrough, Writable } from "node:stream";
import { watchWrites } from "../../../src/doors/cli/watch-writes.ts";

it("all output is out when the stream has taken each write", async () => {
  const stream = new PassThrough();
  const isOut = watchWrites(stream);
  stream.write("output");
  expect(await isOut()).toBe(true);
});

it("not all output is out when the disk is full", async () => {
  const stream = createWriteStream("/dev/full");
  const isOut = watchWrites(stream);
  expect(await isOut()).toBe(true);
  stream.write("output");
  expect(await isOut()).toBe(false);
});

it("output is lost when one write fails, though later ones succeed, as on a disk with space again", async () => {
  let writes = 0;
  const stream = new Writable({
    autoDestroy: false,
    write: (_bytes, _encoding, done) => done(writes++ === 0 ? new Error("ENOSPC") : null),
  });
  const isOut = watchWrites(stream);
  stream.write("output");
  expect(await isOut()).toBe(false);
});
