import { endsWithFooter, withoutFooter } from "../../../src/carriers/logs/footer.ts";

const DONE = '\nScript done on 2026-11-24 14:44:08+00:00 [COMMAND_EXIT_CODE="0"]\n';

/** What is passed on, piece by piece. */
async function passed(...pieces: readonly string[]): Promise<readonly string[]> {
  async function* transcript(): AsyncGenerator<Uint8Array> {
    for (const piece of pieces) {
      await Promise.resolve();
      yield Buffer.from(piece, "latin1");
    }
  }
  const out: string[] = [];
  for await (const bytes of withoutFooter(transcript())) out.push(Buffer.from(bytes).toString("latin1"));
  return out;
}

describe("what `script` writes behind a transcript", () => {
  it.each([
    ["of today's util-linux", DONE],
    ["without an LF, as CloudWatch has it", DONE.trimEnd()],
    ["of an older one", "\nScript done on Tue Nov 24 14:44:08 2026\n"],
  ])("is no byte of the session: the line %s", async (_, done) => {
    expect((await passed(`one\r\ntwo${done}`)).join("")).toBe("one\r\ntwo");
  });

  it("is found wherever the pieces are cut", async () => {
    const text = `one\r\n\r\ntwo\r\n${DONE}`;
    for (let at = 0; at <= text.length; at += 1) {
      const parts = [text.slice(0, at), text.slice(at)];
      expect((await passed(...parts)).join("")).toBe("one\r\n\r\ntwo\r\n");
    }
    expect((await passed(...Array.from(text))).join("")).toBe("one\r\n\r\ntwo\r\n");
  });

  it.each([
    ["a line that something follows", `one${DONE}two\n`],
    ["one that ends a line", "one. Script done on 2026-11-24\n"],
    ["the beginning of one", "one\nScript done o"],
    ["a line end", "one\r\n"],
    ["nothing", ""],
  ])("is not %s: all of it is passed on", async (_, text) => {
    expect((await passed(text)).join("")).toBe(text);
    expect((await passed(...Array.from(text))).join("")).toBe(text);
  });

  it("holds back nothing of what can't be its beginning, such as the end mark", async () => {
    expect((await passed("one\x07", "two\n", "three"))[0]).toBe("one\x07");
  });

  it.each([
    [DONE, true],
    [DONE.trimEnd(), true],
    [`one${DONE}`, true],
    [`one${DONE}two`, false],
    ["one\n", false],
  ])("ends %j: %s", (text, ends) => {
    expect(endsWithFooter(text)).toBe(ends);
  });
});
