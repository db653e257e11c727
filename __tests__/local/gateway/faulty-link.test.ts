import { jest } from "@jest/globals";
import { FaultyLink } from "../../../local/gateway/faulty-link.ts";
import { publication } from "../../../local/gateway/frames.ts";
import type { DirectionFaults } from "../../../local/gateway/link-faults.ts";
import { randomFrom } from "../../../local/gateway/random.ts";
import { decode, MessageType } from "../../../src/session/wire/message.ts";
import { message } from "../agent/rig.ts";

/** `o3`: output with sequence number 3; `a`: an acknowledgement; `p`: the gateway's own. */
function frame(name: string): Uint8Array {
  if (name === "p") return publication("pause");
  if (name === "a") return message(MessageType.acknowledge, 0, 3, 0, Buffer.from("{}"));
  return message(MessageType.output, Number(name.slice(1)), 0, 1, Buffer.from(`text ${name}`));
}

function nameOf(bytes: Uint8Array): string {
  try {
    const { messageType, sequenceNumber } = decode(bytes);
    if (messageType === MessageType.output) return `o${sequenceNumber}`;
    return messageType === MessageType.acknowledge ? "a" : "p";
  } catch {
    return "broken";
  }
}

function through(faults: DirectionFaults, sent: string, seed = 1): string {
  const arrived: string[] = [];
  const link = new FaultyLink(faults, randomFrom(seed), (bytes) => arrived.push(nameOf(bytes)));
  for (const name of sent.split(" ")) link.pass(frame(name));
  return arrived.join(" ");
}

it.each<[string, DirectionFaults, string, string]>([
  ["passes all on when nothing is wrong", {}, "o0 a o1 p", "o0 a o1 p"],
  ["loses every third", { lose: 3 }, "o0 a o1 o2 a o3 o4 o5", "o0 a o1 a o3 o4"],
  ["doubles every second", { duplicate: 2 }, "o0 o1 a o2 o3", "o0 o1 o1 a o2 o3 o3"],
  ["swaps every second with the next", { swap: 2 }, "o0 o1 o2 o3 o4", "o0 o2 o1 o4 o3"],
  ["holds no frame back behind the gateway's own", { swap: 1 }, "o0 p o1 o2", "o0 p o2 o1"],
  ["damages every second", { corrupt: 2 }, "o0 o1 a o2 o3", "o0 broken a o2 broken"],
  ["cuts every second short", { truncate: 2 }, "o0 o1 o2 o3", "o0 broken o2 broken"],
  ["loses every second acknowledgement", { loseAcknowledgements: 2 }, "a o0 a a o1 a", "a o0 a o1"],
  ["spares the gateway's own frames", { lose: 1, loseAcknowledgements: 1 }, "o0 a p o1 p", "p p"],
])("%s", (_name, faults, sent, arrived) => {
  expect(through(faults, sent)).toBe(arrived);
});

it("draws its faults from the seed", () => {
  const sent = Array.from({ length: 100 }, (_, index) => `o${index}`).join(" ");
  const arrived = through({ lose: 0.3, duplicate: 0.1 }, sent, 7);
  expect(through({ lose: 0.3, duplicate: 0.1 }, sent, 7)).toBe(arrived);
  expect(through({ lose: 0.3, duplicate: 0.1 }, sent, 8)).not.toBe(arrived);
  const different = new Set(arrived.split(" ")).size;
  expect(different).toBeGreaterThan(50);
  expect(different).toBeLessThan(90);
});

it("delays each frame and keeps the order", () => {
  jest.useFakeTimers();
  const arrived: string[] = [];
  const link = new FaultyLink({ delay: [20, 60] }, randomFrom(1), (bytes) => arrived.push(nameOf(bytes)));
  for (const name of ["o0", "a", "o1", "p", "o2"]) link.pass(frame(name));
  jest.advanceTimersByTime(19);
  expect(arrived).toEqual([]);
  jest.advanceTimersByTime(5 * 60);
  jest.useRealTimers();
  expect(arrived).toEqual(["o0", "a", "o1", "p", "o2"]);
});

it("delivers all frames that are still under way at its end", () => {
  const arrived: string[] = [];
  const link = new FaultyLink({ delay: 10_000, swap: 1 }, randomFrom(1), (bytes) =>
    arrived.push(nameOf(bytes)),
  );
  for (const name of ["a", "o0"]) link.pass(frame(name));
  link.close();
  expect(arrived).toEqual(["a", "o0"]);
});
