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

it("an interrupted hunt tells what its chunks have found that had begun", async () => {
  const interrupted = new AbortController();
  let seeds = 0;
  const wanted = { from: 1, seeds: 1_000, stops: false, workers: 1, chunk: 2 };
  await hunt({ ...wanted, signal: interrupted.signal }, ({ figures }) => {
    seeds += figures.seeds;
    interrupted.abort();
  });
  expect(seeds).toBe(2);
}, 120_000);
