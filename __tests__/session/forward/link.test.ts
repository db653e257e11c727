import { Link } from "../../../src/session/forward/link.ts";
import { Lines, numberBytes, type Packet, PacketKind, Seal } from "../../../src/session/forward/packets.ts";
import { KEY } from "./halves.ts";

const CONTAINER = new Seal(KEY, "c");

/** What the container writes, without its length. */
function lineOf(...packet: Parameters<Seal["close"]>): Buffer {
  const [line = Buffer.of()] = new Lines().cut(CONTAINER.close(...packet));
  return line;
}

/** A link whose first session the container has greeted at 0 ms. */
function greetedLink(): Link {
  const link = new Link(new Seal(KEY, "r"));
  link.begin();
  link.receive(lineOf(PacketKind.hello, 1, numberBytes(0)), 0);
  writtenAt(link, 0);
  return link;
}

/** What the link writes at this time. */
function writtenAt(link: Link, now: number): readonly Pick<Packet, "kind" | "number">[] {
  link.tick(now);
  const packets: Packet[] = [];
  for (let bytes = link.take(); bytes !== undefined; bytes = link.take())
    for (const line of new Lines().cut(bytes)) packets.push(CONTAINER.open(line));
  return packets.map(({ kind, number }) => ({ kind, number }));
}

/** The acknowledgement of all frames below this number. */
const acked = (number: number) => [{ kind: PacketKind.ack, number }];

describe("a frame of the container", () => {
  it("is acknowledged a tenth of a second later, together with those that come meanwhile", () => {
    const link = greetedLink();
    for (const [number, now] of [1_000, 1_040, 1_099].entries())
      link.receive(lineOf(PacketKind.frame, number, Buffer.of(1)), now);
    expect(writtenAt(link, 1_099)).toEqual([]);
    expect(writtenAt(link, 1_100)).toEqual(acked(3));
  });

  it("is acknowledged at once when 64 KiB have come since the last acknowledgement", () => {
    const link = greetedLink();
    const big = (number: number): Buffer => lineOf(PacketKind.frame, number, Buffer.alloc(20_000));
    for (const number of [0, 1]) link.receive(big(number), 1_000);
    expect(writtenAt(link, 1_000)).toEqual([]);
    link.receive(big(2), 1_001);
    expect(writtenAt(link, 1_001)).toEqual(acked(3));
    link.receive(big(3), 1_002);
    expect(writtenAt(link, 1_002)).toEqual([]);
  });
});

it("a link over which nothing comes says every five seconds what it has", () => {
  const link = greetedLink();
  expect(writtenAt(link, 4_999)).toEqual([]);
  expect(writtenAt(link, 5_000)).toEqual(acked(0));
  expect(writtenAt(link, 9_999)).toEqual([]);
  expect(writtenAt(link, 10_000)).toEqual(acked(0));
});

it.each([
  ["has no number", Buffer.of(1), "a greeting has no number"],
  ["asks for frames that were never sent", numberBytes(1), "the container acknowledges what was never sent"],
])("a greeting that %s ends the forward", (_, body, why) => {
  const link = new Link(new Seal(KEY, "r"));
  link.begin();
  expect(() => link.receive(lineOf(PacketKind.hello, 1, body), 0)).toThrow(why);
});
