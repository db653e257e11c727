import { forEachSeed, sampleOf } from "../../helpers/seeds.ts";
import { play, sceneOf } from "./scene.ts";

const RUNS = sampleOf(13_000);

describe("a session without encryption over a link that drops, doubles, delays, reorders, corrupts and is cut", () => {
  it("shows the output, and types the input, whole, once and in order", () => {
    forEachSeed(RUNS, (seed) => {
      const { scene, random } = sceneOf(seed, false);
      play(scene, random);
    });
  });
});
