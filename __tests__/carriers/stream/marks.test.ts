import { readdirSync, readFileSync } from "node:fs";
import { LONGEST_WORDS } from "../../../src/values.ts";
import { findAnnouncement, type Mark, parseMark } from "../../../src/carriers/stream/marks.ts";

describe("a mark", () => {
  it.each<[string, Mark]>([
    ["@0", { kind: "spool", offset: 0 }],
    ["@123456789012345", { kind: "spool", offset: 123_456_789_012_345 }],
    ["~ 60", { kind: "sent", offset: 60 }],
    ["# 60 1024", { kind: "pack", offset: 60, length: 1024 }],
    ["%", { kind: "pack-end" }],
    ["n  take note ", { kind: "note", text: "take note" }],
    ["p", { kind: "payload-wanted" }],
    ["s", { kind: "secrets-wanted" }],
    [". 14 exited 0=3:1", { kind: "end", length: 14, status: "exited 0=3:1" }],
    [". 14 lost a\nb", { kind: "end", length: 14, status: "lost a\nb" }],
    ["! download no boto3", { kind: "refused", code: "download", text: "no boto3" }],
    ["! no-boto3 none", { kind: "refused", code: "no-boto3", text: "none" }],
    ["! busy", { kind: "refused", code: "busy", text: "" }],
  ])("is read: %j", (text, mark) => {
    expect(parseMark(text)).toEqual(mark);
  });

  it.each([
    "",
    "@",
    "@-1",
    "@1e3",
    "@ 0",
    "@1234567890123456",
    "~",
    "~60",
    "# 60",
    "# 60 x",
    "# 60 1 2",
    "v2 x",
  ])("is none when the grammar does not have it: %j", (text) => {
    expect(parseMark(text)).toBeUndefined();
  });

  it.each([".", ". ", ". 14", ". x exited 0=0:1", ". 1234567890123456 exited 0=0:1"])(
    "that ends the session without a length has no status: %j",
    (text) => {
      expect(parseMark(text)).toEqual({ kind: "unreadable-end" });
    },
  );

  it.each(["!", "! ", "! constructor x", "! later x"])(
    "that refuses with a code that is not known: %j",
    (text) => {
      expect(parseMark(text)).toMatchObject({ kind: "refused", code: "unknown" });
    },
  );
});

describe("an announcement", () => {
  it.each([
    ["\x1b]7733;ready\x07", { kind: "ready", missing: undefined }],
    [
      "noise \x1b]7733;open\x07\x1b]7733;ready1 no boto3\x07",
      { kind: "ready", missing: { why: "no boto3" } },
    ],
    ["\x1b]7733;ready1 \x07", { kind: "ready", missing: { why: undefined } }],
    ["\x1b]7733;echo\x07\x1b]7733;ready\x07", { kind: "echo" }],
  ])("is found: %j", (text, announcement) => {
    expect(findAnnouncement(text)).toEqual(announcement);
  });

  it.each(["ready1", "echo"])("has no more than 600 characters of a reason: %s", (word) => {
    const found = findAnnouncement(`\x1b]7733;${word} ${"x".repeat(8000)}\x07`);
    expect(found?.kind === "ready" ? found.missing?.why : found?.replaceable).toHaveLength(LONGEST_WORDS);
  });

  it.each([
    "",
    "ready",
    "\x1b]7733;ready",
    "\x1b]7733;ready1\x07",
    "\x1b]7733;already\x07",
    "\x1b[7733;ready\x07",
  ])("is not found in other text: %j", (text) => {
    expect(findAnnouncement(text)).toBeUndefined();
  });
});

it("each refusal of the container has a code that is known", () => {
  const folder = new URL("../../../src/payload/container/", import.meta.url);
  const sources = readdirSync(folder).map((name) => readFileSync(new URL(name, folder), "utf8"));
  const codes = sources.flatMap((text) =>
    [...text.matchAll(/["']! ([a-z]+) |fx_refuse ([a-z]+) /g)].map(
      ([, marked, refused]) => marked ?? refused,
    ),
  );
  expect(codes.length).toBeGreaterThan(6);
  for (const code of codes) expect(parseMark(`! ${code ?? ""} why`)).toMatchObject({ code });
});
