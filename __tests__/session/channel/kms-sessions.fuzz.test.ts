import { forEachSeed, sampleOf } from "../../helpers/seeds.ts";
import { play, sceneOf } from "./scene.ts";

const RUNS = sampleOf(7_000);

describe("a KMS session over a link that drops, doubles, delays, reorders, corrupts and is cut", () => {
  it("shows the output, and types the input, whole, once and in order", () => {
    forEachSeed(RUNS, (seed) => {
      const { scene, random } = sceneOf(seed, true);
      play(scene, random);
    });
  });
});
