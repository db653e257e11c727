/**
 * The rows of a long table whose turn it is: one in `of`, beginning at another one in each run, by FUZZ_FRESH, which the run
 * prints, and by `shift`: tables with different shifts have different rows. With EVERY_ROW=1 all of them, as `npm run soak tables` has it.
 */
export function turnOf<T>(rows: readonly T[], of: number, shift = 0): readonly T[] {
  const { EVERY_ROW, FUZZ_FRESH } = process.env;
  if (EVERY_ROW === "1") return rows;
  const turn = (Number(FUZZ_FRESH ?? 0) + shift) % of;
  return rows.filter((_, at) => at % of === turn);
}
