import { Input } from "../../../src/session/channel/input.ts";
import { PayloadType } from "../../../src/session/wire/message.ts";

/** Sends all that waits, with sequence numbers from this one on. */
function sendAll(input: Input, from: number): number {
  let next = from;
  for (let message = input.take(); message !== undefined; message = input.take()) input.sent(message, next++);
  return next;
}

describe("the input of a session", () => {
  it("is cut into messages of 1,024 bytes, each with the position after it", () => {
    const input = new Input();
    expect(input.add(Buffer.alloc(2_049, 7))).toBe(2_049);
    const taken = [input.take(), input.take(), input.take()];
    expect(taken.map((message) => [message?.payload.length, message?.position])).toEqual([
      [1_024, 1_024],
      [1_024, 2_048],
      [1, 2_049],
    ]);
    expect(input.take()).toBeUndefined();
  });

  it("is copied, so its caller may reuse the buffer while it waits", () => {
    const input = new Input();
    const bytes = Buffer.from("secret");
    input.add(bytes);
    bytes.fill(0);
    expect(Buffer.from(input.take()?.payload ?? []).toString()).toBe("secret");
  });

  it("keeps a size in its place, with the position before it", () => {
    const input = new Input();
    input.add(Buffer.from("abc"));
    const size = input.addSize(80, 24);
    expect(JSON.parse(Buffer.from(size).toString())).toEqual({ cols: 80, rows: 24 });
    input.take();
    expect(input.take()).toEqual({ payloadType: PayloadType.size, payload: size, position: 3 });
  });

  it.each([-1, 1.5, NaN, 2 ** 32])("refuses %s as a size and queues nothing", (value) => {
    const input = new Input();
    expect(() => input.addSize(80, value)).toThrow(RangeError);
    expect(() => input.addSize(value, 24)).toThrow(RangeError);
    expect(input.take()).toBeUndefined();
  });

  it("is reached up to the newest message below which all are acknowledged, and says it once", () => {
    const input = new Input();
    input.add(Buffer.alloc(3_000));
    sendAll(input, 5);
    expect(input.acknowledged(5)).toBeUndefined();
    expect(input.acknowledged(7)).toBe(2_048);
    expect(input.acknowledged(7)).toBeUndefined();
    expect(input.acknowledged(8)).toBe(3_000);
  });
});
