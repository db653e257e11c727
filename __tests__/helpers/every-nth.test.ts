import { everyNth, inSoak } from "./every-nth.ts";

const ROWS = Array.from({ length: 11 }, (_, at) => at);
const { EVERY_ROW } = process.env;

beforeEach(() => {
  process.env["EVERY_ROW"] = "";
});
afterEach(() => {
  if (EVERY_ROW === undefined) delete process.env["EVERY_ROW"];
  else process.env["EVERY_ROW"] = EVERY_ROW;
});

it("tables with another first row share the rows", () => {
  const rows = [0, 1, 2].flatMap((first) => everyNth(ROWS, 3, first));
  expect(rows.sort((a, b) => a - b)).toEqual(ROWS);
});

it("a table that is too short for its first row has its last one", () => {
  expect(everyNth([1, 2], 3, 2)).toEqual([2]);
});

it("under 'npm run soak tables' every row is tried", () => {
  process.env["EVERY_ROW"] = "1";
  expect(everyNth(ROWS, 3)).toEqual(ROWS);
});

it("a test of the soak is made under 'npm run soak tables' alone", () => {
  const titles: string[] = [];
  const make = Object.assign((title: string) => titles.push(title), {
    each: (rows: readonly string[]) => (title: string) => titles.push(...rows.map((row) => title + row)),
  });
  inSoak(make)("one");
  inSoak(make).each(["a", "b"])("other ");
  expect(titles).toEqual([]);
  process.env["EVERY_ROW"] = "1";
  inSoak(make)("one");
  inSoak(make).each(["a", "b"])("other ");
  expect(titles).toEqual(["one", "other a", "other b"]);
});
