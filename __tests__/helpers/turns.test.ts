import { turnOf } from "./turns.ts";

const ROWS = Array.from({ length: 11 }, (_, at) => at);
const { EVERY_ROW, FUZZ_FRESH } = process.env;

beforeEach(() => {
  process.env["EVERY_ROW"] = "";
});
afterEach(() => {
  if (EVERY_ROW === undefined) delete process.env["EVERY_ROW"];
  else process.env["EVERY_ROW"] = EVERY_ROW;
  if (FUZZ_FRESH === undefined) delete process.env["FUZZ_FRESH"];
  else process.env["FUZZ_FRESH"] = FUZZ_FRESH;
});

it.each([1, 2, 3, 4])("each row has its turn once in %d runs that follow each other", (of) => {
  const runs = Array.from({ length: of }, (_, run) => {
    process.env["FUZZ_FRESH"] = String(1_000 + run);
    return turnOf(ROWS, of);
  });
  for (const rows of runs) expect(Math.abs(rows.length - ROWS.length / of)).toBeLessThan(1);
  expect(runs.flat().sort((a, b) => a - b)).toEqual(ROWS);
});

it("tables with different shifts share the rows", () => {
  const rows = [0, 1, 2].flatMap((shift) => turnOf(ROWS, 3, shift));
  expect(rows.sort((a, b) => a - b)).toEqual(ROWS);
});

it("under 'npm run soak tables' every row is tried", () => {
  process.env["EVERY_ROW"] = "1";
  expect(turnOf(ROWS, 3)).toEqual(ROWS);
});
