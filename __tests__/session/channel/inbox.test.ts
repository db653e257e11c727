import { Inbox, MESSAGE_COST } from "../../../src/session/channel/inbox.ts";
import { decode } from "../../../src/session/wire/message.ts";
import { StepBudget } from "../../../src/run/step-budget.ts";
import { frame, output } from "./frames.ts";

const message = (sequence: number) => decode(output(sequence, `m${sequence}`));
const receive = (inbox: Inbox, sequence: number) => {
  const { acknowledge, ready } = inbox.receive(message(sequence));
  return { acknowledge, ready: ready.map(({ sequenceNumber }) => sequenceNumber) };
};

describe("inbox", () => {
  it("gives messages in order, once, and acknowledges each copy", () => {
    const inbox = new Inbox();
    expect(receive(inbox, 0)).toEqual({ acknowledge: true, ready: [0] });
    expect(receive(inbox, 2)).toEqual({ acknowledge: true, ready: [] });
    expect(receive(inbox, 3)).toEqual({ acknowledge: true, ready: [] });
    expect(receive(inbox, 2)).toEqual({ acknowledge: true, ready: [] });
    expect(inbox.waiting).toBe(2);
    expect(receive(inbox, 1)).toEqual({ acknowledge: true, ready: [1, 2, 3] });
    expect(receive(inbox, 1)).toEqual({ acknowledge: true, ready: [] });
    expect(receive(inbox, 0)).toEqual({ acknowledge: true, ready: [] });
    expect(inbox.expected).toBe(4);
    expect(inbox.waiting).toBe(0);
  });

  it("keeps 10,000 messages ahead of a gap and acknowledges the next only after the gap is filled", () => {
    const inbox = new Inbox();
    for (let sequence = 1; sequence <= 10_000; sequence++) inbox.receive(message(sequence));
    expect(receive(inbox, 10_001)).toEqual({ acknowledge: false, ready: [] });
    expect(receive(inbox, 10_000)).toEqual({ acknowledge: true, ready: [] });
    expect(receive(inbox, 0).ready).toHaveLength(10_001);
    expect(receive(inbox, 10_001)).toEqual({ acknowledge: true, ready: [10_001] });
  });

  it("keeps no more than 16 MiB ahead of a gap", () => {
    const inbox = new Inbox();
    const payload = new Uint8Array(1024 * 1024);
    const large = (sequenceNumber: number) =>
      inbox.receive(decode(frame({ sequenceNumber, payload }))).acknowledge;
    const kept = Array.from({ length: 20 }, (_none, index) => large(index + 1));
    expect(kept.filter(Boolean)).toHaveLength(15);
    expect(large(0)).toBe(true);
    expect(large(16)).toBe(true);
  });
});

it("keeps no more bytes than it may while an earlier message is missing, and acknowledges none that it does not keep", () => {
  const inbox = new Inbox(1_000 + MESSAGE_COST);
  const large = (number: number, size: number) => ({ ...message(number), payload: new Uint8Array(size) });
  expect(inbox.receive(large(1, 1_000)).acknowledge).toBe(true);
  expect(inbox.receive(large(2, 1)).acknowledge).toBe(false);
  expect(inbox.receive(large(0, 5_000)).ready).toHaveLength(2);
  expect(inbox.receive(large(2, 1)).ready).toHaveLength(1);
});

it.each([1, 40, 1_000])(
  "messages without bytes cost memory, too: those of %d tasks fit into 32 MiB",
  (tasks) => {
    const inbox = new Inbox(new StepBudget().sessionLimits(tasks).ahead);
    const empty = { ...message(0), payload: new Uint8Array(0) };
    const kept = Array.from(
      { length: 10_000 },
      (_none, index) => inbox.receive({ ...empty, sequenceNumber: index + 1 }).acknowledge,
    ).filter(Boolean).length;
    expect(kept).toBe(inbox.waiting);
    expect(kept).toBeGreaterThan(0);
    expect(tasks * kept * MESSAGE_COST).toBeLessThanOrEqual(32 * 1024 * 1024);
  },
);
