import { createHash } from "node:crypto";
import { AwsError } from "../../../local/aws-error.ts";
import {
  LONGEST_CALL,
  LONGEST_FORM,
  readBody,
  readCall,
  readJson,
  withHash,
} from "../../../local/front/read-body.ts";

const MIB = Buffer.alloc(2 ** 20);

/** A body of so many bytes. `read` counts the pieces that were read, which are one and the same. */
function bodyOf(bytes: number) {
  const seen = { read: 0 };
  async function* pieces(): AsyncGenerator<Buffer> {
    for (let left = bytes; left > 0; left -= MIB.length) {
      seen.read += 1;
      yield await Promise.resolve(MIB.subarray(0, left));
    }
  }
  return { seen, body: pieces() };
}

async function* inPieces(...pieces: readonly string[]): AsyncGenerator<Buffer> {
  for (const piece of pieces) yield await Promise.resolve(Buffer.from(piece));
}

describe("a body is read", () => {
  it("up to the bound", async () => {
    expect(await readBody(bodyOf(LONGEST_CALL).body)).toHaveLength(LONGEST_CALL);
    expect(LONGEST_CALL).toBe(2 * 2 ** 20);
  });

  it("no further than past the bound, however long it is", async () => {
    for (const [most, pieces] of [
      [LONGEST_CALL, 3],
      [LONGEST_FORM, 65],
    ] as const) {
      const { seen, body } = bodyOf(2 ** 40);
      await expect(readBody(body, most)).rejects.toMatchObject({ code: "EntityTooLarge", status: 413 });
      expect(seen.read).toBe(pieces);
    }
    await expect(readBody(bodyOf(LONGEST_CALL + 1).body)).rejects.toMatchObject({ status: 413 });
  });
});

describe("a body whose hash is declared", () => {
  const hash = createHash("sha256").update("hello").digest("hex");
  const empty = createHash("sha256").digest("hex");

  it.each([
    [["hel", "lo"], hash],
    [["hello"], hash],
    [[], empty],
    [["hel", "p"], "UNSIGNED-PAYLOAD"],
    [["3;chunk-signature"], "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"],
    [["hel", "p"], undefined],
  ])("comes whole when it is the declared one, or when none is: %j", async (pieces, declared) => {
    expect(String(await readBody(withHash(inPieces(...pieces), declared)))).toBe(pieces.join(""));
  });

  it.each([
    [["hel", "p"], ["hel"]],
    [["help"], []],
    [["hello", "!"], ["hello"]],
    [[], []],
  ])("never comes whole when it is another: %j", async (pieces, passed) => {
    const seen: string[] = [];
    const reading = (async () => {
      for await (const piece of withHash(inPieces(...pieces), hash)) seen.push(String(piece));
    })();
    await expect(reading).rejects.toMatchObject({ code: "XAmzContentSHA256Mismatch", status: 400 });
    expect(seen).toEqual(passed);
  });
});

it.each(["[]", "null", "5", '"text"', "{", "\0", "[".repeat(100_000)])(
  "a body that is no JSON object is refused as AWS does: %.20j",
  (text) => {
    expect(() => readJson(Buffer.from(text))).toThrow(
      new AwsError("SerializationException", "The body is not a JSON object."),
    );
  },
);

it("a member of a call that is null counts as missing", () => {
  const body = '{"a":null,"b":{"c":null,"d":0},"tags":[null,"x"]}';
  const { tags, ...others } = readCall(Buffer.from(body));
  expect(others).toEqual({ b: { d: 0 } });
  expect([...(tags as unknown[])]).toEqual([undefined, "x"]);
});

it("an empty body of a JSON call is an empty object", () => {
  expect(readJson(Buffer.from(""))).toEqual({});
});
