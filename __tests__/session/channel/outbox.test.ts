import { decode } from "../../../src/session/wire/message.ts";
import { Outbox } from "../../../src/session/channel/outbox.ts";
import { systemClock } from "../../../src/clock.ts";

const post = (outbox: Outbox, now: number) => outbox.post(1, Buffer.from("x"), now).sequenceNumber;
const sequences = (frames: Uint8Array[]) => frames.map((bytes) => decode(bytes).sequenceNumber);

describe("outbox", () => {
  it("numbers from 0 and sends with flags 0", () => {
    const outbox = new Outbox(systemClock.random);
    expect([post(outbox, 5), post(outbox, 5)]).toEqual([0, 1]);
    const { frame } = outbox.post(3, Buffer.from("size"), 5);
    expect(decode(frame)).toMatchObject({ sequenceNumber: 2, flags: 0, payloadType: 3, createdDate: 5 });
  });

  it("repeats what is unacknowledged, unchanged, oldest first, once in each timeout", () => {
    const outbox = new Outbox(systemClock.random);
    const { frame } = outbox.post(1, Buffer.from("first"), 1000);
    post(outbox, 1050);
    expect(outbox.deadline()).toBe(1200);
    expect(outbox.takeDueFrames(1199)).toEqual([]);
    expect(outbox.takeDueFrames(1250)).toEqual([frame, expect.anything()]);
    expect(outbox.takeDueFrames(1260)).toEqual([]);
    expect(sequences(outbox.takeDueFrames(1650))).toEqual([0, 1]);
  });

  it("backs off to a second and no further while nothing is acknowledged", () => {
    const outbox = new Outbox(systemClock.random);
    post(outbox, 0);
    const at: number[] = [];
    for (let now = 0; now <= 4_600; now += 100) if (outbox.takeDueFrames(now).length > 0) at.push(now);
    expect(at).toEqual([200, 600, 1400, 2400, 3400, 4400]);
  });

  it.each([
    // rtt 100 and variation 0 at first: variation' = ¼·|100 - s|, rtt' = 100 + ⅛·(s - 100), rto = rtt' + max(10, 4·variation')
    ["as expected", [100], 110],
    ["quicker", [20], 90 + 80],
    ["slower", [180], 110 + 80],
    ["much slower", [5000], 1000],
    ["as expected, twice", [100, 100], 110],
    ["quick, and quick again", [20, 20], 81.25 + 4 * (20 + 0.25 * (70 - 20))],
  ])("sets its timeout by round trips that are %s", (_name, samples, rto) => {
    const outbox = new Outbox(systemClock.random);
    for (const sample of samples) outbox.acknowledge(post(outbox, 1_000), 1_000 + sample);
    expect(outbox.rto).toBeCloseTo(rto, 6);
  });

  it("learns nothing from a message sent twice, whose ack may be for either", () => {
    const outbox = new Outbox(systemClock.random);
    const sequence = post(outbox, 0);
    outbox.takeDueFrames(200);
    outbox.acknowledge(sequence, 201);
    expect(outbox.rto).toBe(400);
    outbox.acknowledge(post(outbox, 300), 400);
    expect(outbox.rto).toBe(110);
  });

  it("reports up to which message all are acknowledged, in whatever order the acks come", () => {
    const outbox = new Outbox(systemClock.random);
    for (let index = 0; index < 3; index++) post(outbox, 0);
    outbox.acknowledge(1, 1);
    expect(outbox.ackedBelow).toBe(0);
    outbox.acknowledge(0, 1);
    outbox.acknowledge(0, 1);
    expect(outbox.ackedBelow).toBe(2);
    outbox.acknowledge(77, 1);
    outbox.acknowledge(2, 1);
    expect(outbox.ackedBelow).toBe(3);
    expect(outbox.deadline()).toBeUndefined();
  });

  it("closes its window at 32 unacknowledged messages", () => {
    const outbox = new Outbox(systemClock.random);
    for (let index = 0; index < 31; index++) post(outbox, 0);
    expect(outbox.isWindowOpen).toBe(true);
    post(outbox, 0);
    expect(outbox.isWindowOpen).toBe(false);
    outbox.acknowledge(5, 1);
    expect(outbox.isWindowOpen).toBe(true);
  });

  it("sends what is unacknowledged again on a new connection, a little more with each acknowledgement", () => {
    const outbox = new Outbox(systemClock.random);
    for (let index = 0; index < 8; index++) post(outbox, 5);
    outbox.acknowledge(1, 1);
    outbox.restart();
    expect(outbox.deadline()).toBeUndefined();
    expect(sequences(outbox.resume(10))).toEqual([0]);
    expect(outbox.resume(10)).toEqual([]);
    expect(outbox.deadline()).toBe(10 + outbox.rto);
    outbox.acknowledge(0, 11);
    expect(sequences(outbox.resume(11))).toEqual([2, 3]);
    outbox.acknowledge(2, 12);
    expect(sequences(outbox.resume(12))).toEqual([4, 5]);
    expect(outbox.isWindowOpen).toBe(false);
  });

  it("goes on when an agent never acknowledges what it received before", () => {
    const outbox = new Outbox(systemClock.random);
    for (let index = 0; index < 3; index++) post(outbox, 5);
    outbox.restart();
    expect(sequences(outbox.resume(10))).toEqual([0]);
    expect(sequences(outbox.takeDueFrames(10 + outbox.rto))).toEqual([0, 1]);
  });
});
