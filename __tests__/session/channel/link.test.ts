import { randomOf } from "../../helpers/seeds.ts";
import type { Scene } from "./scene.ts";
import { FINE, play } from "./scene.ts";

const scene: Scene = {
  encrypted: false,
  up: FINE,
  down: FINE,
  ptyOpenAfter: 0,
  cuts: [],
  prints: Array.from({ length: 20 }, (_none, index) => ({ at: index, text: `line ${index}\r\n` })),
  types: [3_000, 10].map((length) => ({ at: 50, text: "x".repeat(length) })),
  hasty: false,
};

describe("a channel and an agent over a link without faults", () => {
  it.each([false, true])("need no repeats, encrypted: %s", (encrypted) => {
    const { sent, repeats } = play({ ...scene, encrypted }, randomOf(1));
    expect(sent).toBeGreaterThan(20);
    expect(repeats).toBe(0);
  });

  it("repeat only the unacknowledged input when the connection is made again", () => {
    const cuts = [{ from: 75, to: 500, pauses: true }];
    const { repeats } = play({ ...scene, cuts }, randomOf(1));
    // The repeats are the frames that the cut has lost, and the retransmissions meanwhile.
    expect(repeats).toBeGreaterThan(0);
    expect(repeats).toBeLessThan(30);
  });
});
