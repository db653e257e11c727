import { shareOf } from "./shells.ts";

const SHELLS = ["dash", "bash", "busybox"];
const { EVERY_SHELL } = process.env;

afterEach(() => {
  if (EVERY_SHELL === undefined) delete process.env["EVERY_SHELL"];
  else process.env["EVERY_SHELL"] = EVERY_SHELL;
});

it.each([0, 1, 2, 3, 7])("each case has a shell, and each shell has a case, from turn %d on", (turn) => {
  delete process.env["EVERY_SHELL"];
  for (const cases of [["a"], ["a", "b"], ["a", "b", "c"], ["a", "b", "c", "d", "e", "f", "g"]]) {
    const shares = SHELLS.map((sh) => shareOf(sh, SHELLS, cases, turn));
    expect(new Set(shares.flat())).toEqual(new Set(cases));
    for (const share of shares) expect(share.length).toBeGreaterThan(0);
    expect(shares.flat()).toHaveLength(Math.max(cases.length, SHELLS.length));
  }
});

it("another turn gives a shell other cases", () => {
  delete process.env["EVERY_SHELL"];
  expect(shareOf("dash", SHELLS, ["a", "b", "c"])).not.toEqual(shareOf("dash", SHELLS, ["a", "b", "c"], 1));
});

it("under 'npm run soak shells' each shell has all cases", () => {
  process.env["EVERY_SHELL"] = "1";
  for (const sh of SHELLS) expect(shareOf(sh, SHELLS, ["a", "b"])).toEqual(["a", "b"]);
});
