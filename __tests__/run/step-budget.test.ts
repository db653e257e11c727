import { keptEnds, partAtOnce, pieceLimits, StepBudget } from "../../src/run/step-budget.ts";

const MIB = 1024 * 1024;

it.each([1, 2, 10, 200, 1000])(
  "the sessions of %i jobs keep no more together than a step has for them",
  (jobs) => {
    const { ahead, unread } = new StepBudget().sessionLimits(jobs);
    expect(jobs * ahead).toBeLessThanOrEqual(32 * MIB + jobs);
    expect(jobs * unread).toBeLessThanOrEqual(16 * MIB + jobs);
  },
);

it("a session that is alone keeps as much as one may", () => {
  expect(new StepBudget().sessionLimits(1)).toMatchObject({ ahead: 16 * MIB, unread: MIB });
});

it.each([1, 2, 3, 16, 17, 100, 200, 500])(
  "what %i containers send at once, and the pieces that are read of it, are no more together than a step has for them",
  (jobs) => {
    const { size, ahead } = pieceLimits(jobs);
    expect(jobs * (1 + ahead) * size).toBeLessThanOrEqual(32 * MIB + 3 * jobs);
    const { largestPack } = new StepBudget().spoolLimits(jobs);
    expect(jobs * largestPack).toBeLessThanOrEqual(32 * MIB + 2 * jobs);
    // What is packed may grow: base64 takes 4 bytes for 3, and a line's end for each 76.
    expect(partAtOnce(jobs) * 1.4).toBeLessThan(largestPack);
  },
);

it("a job that is alone sends and reads as much at once as one may, and one of a thousand still enough", () => {
  expect(pieceLimits(1)).toEqual({ size: 8 * MIB, ahead: 2 });
  expect(partAtOnce(1)).toBe(MIB);
  expect(pieceLimits(1_000)).toEqual({ size: 64 * 1024, ahead: 0 });
  expect(partAtOnce(1_000)).toBeGreaterThanOrEqual(16 * 1024);
});

it.each([
  [1, 1],
  [1, 256],
  [200, 8],
  [200, 256],
  [1_000, 256],
])(
  "%i tasks of %i workers keep no more of the ends of their output than a step has for them",
  (jobs, workers) => {
    const { stream, worker } = keptEnds(jobs, workers);
    expect(jobs * stream).toBeLessThanOrEqual(16 * MIB + jobs);
    // Two streams, and a tail takes twice its bytes.
    expect(jobs * workers * 4 * worker).toBeLessThanOrEqual(16 * MIB + 4 * jobs * workers);
  },
);

it("a worker's end is kept whole when there are few, and not at all when less than a line of it would be kept", () => {
  expect([keptEnds(1, 256), keptEnds(100, 4), keptEnds(1_000, 256)].map(({ worker }) => worker)).toEqual([
    8_192, 8_192, 0,
  ]);
});
