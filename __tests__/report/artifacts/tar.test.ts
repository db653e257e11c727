import { Readable } from "node:stream";
import { Header } from "tar/header";
import { readTar } from "../../../src/report/artifacts/tar.ts";

function fileOf(path: string, body: string): Buffer {
  const bytes = Buffer.from(body);
  const block = Buffer.alloc(512);
  new Header({ path, type: "File", mode: 0o644, size: bytes.length }).encode(block);
  return Buffer.concat([block, bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512)]);
}

it.each([
  ["nothing", 0],
  ["the first chunk", 1],
  ["all but the last chunk", 11],
  ["all", Infinity],
])("a reader that takes %s of a member's content finds the next member", async (_, most) => {
  // The content holds a header, which a reader that loses its position would take for a member.
  const body = `${"x".repeat(512)}${fileOf("inner", "evil").toString("latin1")}${"y".repeat(100)}`;
  const archive = Buffer.concat([fileOf("outer", body), fileOf("last", "end"), Buffer.alloc(1024)]);
  const chunks = Array.from({ length: Math.ceil(archive.length / 128) }, (_, i) =>
    archive.subarray(i * 128, (i + 1) * 128),
  );
  const names: string[] = [];
  for await (const [member, content] of readTar(Readable.from(chunks))) {
    names.push(member.name);
    const taken: Buffer[] = [];
    if (most > 0) for await (const chunk of content) if (taken.push(chunk) >= most) break;
  }
  expect(names).toEqual(["outer", "last"]);
});
