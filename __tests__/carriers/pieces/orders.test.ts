import { systemClock } from "../../../src/clock.ts";
import {
  controlBody,
  newFolder,
  typedOrder,
  NO_WORDS,
  parseControl,
} from "../../../src/carriers/pieces/orders.ts";
import { FOLDER as KEYS } from "./folder.ts";

const FOLDER = { ...KEYS, prefix: `ci/output/${KEYS.job}/` };

const access = {
  post: {
    url: "https://bucket.s3.eu-west-1.amazonaws.com/",
    fields: {
      bucket: "bucket",
      "X-Amz-Credential": "KEY/20261127/eu-west-1/s3/aws4_request",
      Policy: "p".repeat(9_000),
      "X-Amz-Signature": "abc",
    },
  },
  control: `https://bucket.s3.eu-west-1.amazonaws.com/f/control?t=${"t".repeat(4_000)}`,
  until: 1_700_000_000_999,
};
const linesOf = (text: Buffer): string[] => text.toString().split("\n").slice(0, -1);

/** The values of the lines by their words, as a container reads them. */
function readLines(lines: readonly string[]): Record<string, string> {
  const said: Record<string, string> = {};
  for (const line of lines) {
    const [, word = "", more, rest = ""] = /^(\S+?)(\+?)(?: (.*))?$/.exec(line) ?? [];
    const [, name = "", value = ""] = word === "field" ? (/^(\S+) (.*)$/.exec(rest) ?? []) : ["", "", rest];
    const key = `${word} ${name}`.trim();
    said[key] = more ? (said[key] ?? "") + value : value;
  }
  return said;
}

describe("the order to upload", () => {
  const lines = linesOf(typedOrder(FOLDER, { begin: 4_096, largest: 65_536 }, access));

  it("says everything, in lines that a terminal passes whole", () => {
    expect(lines.every((line) => /^s3 [ -~]+$/.test(line) && line.length <= 3_900)).toBe(true);
    expect(lines.at(-1)).toBe("s3 .");
    expect(readLines(lines.slice(0, -1).map((line) => line.replace(/^s3 /, "")))).toEqual({
      job: FOLDER.job,
      key: `${FOLDER.keys.inner} ${FOLDER.keys.outer}`,
      folder: FOLDER.prefix,
      begin: "4096",
      largest: "65536",
      url: access.post.url,
      "field bucket": "bucket",
      "field X-Amz-Credential": access.post.fields["X-Amz-Credential"],
      "field Policy": access.post.fields.Policy,
      "field X-Amz-Signature": "abc",
      "post-until": "1700000000",
      control: access.control.split("?")[0],
      query: access.control.split("?")[1],
    });
  });

  it("has a folder and keys that no other order has", () => {
    const [one, other] = [newFolder("ci/", systemClock.random), newFolder("ci/", systemClock.random)];
    expect(one.job).toMatch(/^[0-9a-f]{32}$/);
    expect(one.prefix).toBe(`ci/output/${one.job}/`);
    expect(one.keys.inner).toMatch(/^[0-9a-f]{64}$/);
    expect(new Set([one, other].flatMap(({ keys }) => [keys.inner, keys.outer])).size).toBe(4);
    expect(one.job).not.toBe(other.job);
  });
});

describe("the words of control", () => {
  const nothing = NO_WORDS;

  it.each([
    ["nothing but its number", nothing, []],
    ["a cancel", { ...nothing, isCancelled: true }, ["cancel"]],
    ["that a session follows", { ...nothing, isAttached: true }, ["attach"]],
    ["the end after a cancel", { ...nothing, isCancelled: true, isTaken: true }, ["cancel", "taken"]],
    ["no access once the end is taken", { ...nothing, access, isTaken: true }, ["taken"]],
  ])("are %s", (_, words, lines) => {
    expect(linesOf(controlBody(words))).toEqual(lines);
  });

  it("are read by another reader, without the access", () => {
    const words = {
      ...nothing,
      ...{ isCancelled: true, isDetached: true, isTaken: true },
      readers: new Map([["0123456789abcdef", 1_700_000_000]]),
    };
    expect(parseControl(controlBody({ ...words, access }))).toEqual(words);
    expect(parseControl(Buffer.from("reader x 1\nfield cancel\nurl taken\n"))).toEqual(nothing);
  });

  it("renew the signatures, and nothing that says where the output goes, and repeat the cancel", () => {
    const lines = linesOf(controlBody({ ...nothing, access, isCancelled: true }));
    expect(readLines(lines)).toEqual({
      "field X-Amz-Credential": access.post.fields["X-Amz-Credential"],
      "field Policy": access.post.fields.Policy,
      "field X-Amz-Signature": "abc",
      "post-until": "1700000000",
      query: access.control.split("?")[1],
      cancel: "",
    });
  });
});
