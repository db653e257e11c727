import { hunt } from "../../simulation/hunters.ts";
import { Tally } from "../../simulation/tally.ts";

async function figuresOf(workers: number): Promise<unknown> {
  const tally = new Tally();
  const objected: number[] = [];
  await hunt({ from: 1, seeds: 5, stops: false, workers, chunk: 2 }, (hunted) => {
    tally.merge(hunted.figures);
    objected.push(...hunted.objected.map(({ seed }) => seed));
  });
  return { ...tally.figures, objected };
}

it("seeds have the same figures, however many processes run them", async () => {
  const alone = await figuresOf(1);
  expect(alone).toMatchObject({ seeds: 5 });
  expect(await figuresOf(2)).toEqual(alone);
}, 120_000);
