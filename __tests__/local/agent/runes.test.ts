import { RuneFilter } from "../../../local/agent/runes.ts";

const bytes = (...hex: string[]): Buffer[] => hex.map((part) => Buffer.from(part.replaceAll(" ", ""), "hex"));

describe("RuneFilter", () => {
  it.each<[string, Buffer[], Buffer[]]>([
    ["passes whole characters", [Buffer.from("a日本🚀\r\n")], [Buffer.from("a日本🚀\r\n")]],
    ["holds a character that a read cuts", bytes("61 e697", "a5 62"), bytes("61", "e697a5 62")],
    ["holds a long character byte by byte", bytes("f0", "9f", "9a", "80"), bytes("", "", "", "f09f9a80")],
    ["passes an invalid byte that is not near the end", bytes("ff 616263"), bytes("ff 616263")],
    ["holds an invalid byte and all after it among the last three", bytes("61 ff 62 63"), bytes("61")],
    ["passes the held bytes with the next read", bytes("61 ff 62", "63 64"), bytes("61", "ff 62 63 64")],
    ["passes NUL", bytes("00 61 00"), bytes("00 61 00")],
    ["cuts U+FFFD to its first byte", bytes("efbfbd 61"), bytes("ef 61")],
    ["holds U+FFFD at the end", bytes("61 efbfbd", "61"), bytes("61", "ef 61")],
    ["takes an overlong form byte by byte", bytes("c080 616161"), bytes("c080 616161")],
    ["takes a surrogate byte by byte", bytes("eda080 616161"), bytes("eda080 616161")],
    ["takes what is past U+10FFFF byte by byte", bytes("f4908080 616161"), bytes("f4908080 616161")],
  ])("%s", (_name, reads, passed) => {
    const filter = new RuneFilter();
    expect(reads.map((read) => filter.pass(read).toString("hex"))).toEqual(
      passed.map((read) => read.toString("hex")),
    );
  });
});
