import type { LocalTerminal, TerminalEvents } from "../../../src/session/shell/local-terminal.ts";
import { UserTerminal } from "../../../src/session/shell/user-terminal.ts";

/** A terminal whose user types these bytes, each group as one reading of it. */
function typed(...groups: readonly (readonly number[])[]): UserTerminal {
  let on: TerminalEvents | undefined;
  const local: LocalTerminal = {
    type: "xterm",
    size: { rows: 24, cols: 80 },
    open: (events) => (on = events),
    read: () => undefined,
    write: () => Promise.resolve(),
    close: () => undefined,
  };
  const terminal = new UserTerminal(local, () => undefined);
  terminal.open({ ready: () => undefined, resize: () => undefined }, "session");
  for (const group of groups) on?.typed(Uint8Array.from(group));
  return terminal;
}

const EURO = [0xe2, 0x82, 0xac];

describe("what is typed", () => {
  it("waits while only the begin of a character is there", () => {
    expect(typed([0xe2]).pull(1024)).toBeUndefined();
    expect(typed([0xe2], [0x82]).pull(1024)).toBeUndefined();
  });

  it("comes whole when the rest of the character does", () => {
    const terminal = typed([0x61, 0xe2], [0x82, 0xac]);
    expect(terminal.pull(3)).toEqual(Buffer.from("a"));
    expect(terminal.pull(3)).toEqual(Buffer.from(EURO));
    expect(terminal.pull(3)).toBeUndefined();
  });

  it("waits for room for a whole character", () => {
    const terminal = typed(EURO);
    expect(terminal.pull(2)).toBeUndefined();
    expect(terminal.pull(3)).toEqual(Buffer.from(EURO));
  });

  it.each([0xff, 0xfe, 0xf8, 0xc0, 0xc1, 0xf5, 0x80])("passes when it is no UTF-8: 0x%s", (byte) => {
    expect(typed([byte]).pull(1024)).toEqual(Buffer.from([byte]));
  });
});
