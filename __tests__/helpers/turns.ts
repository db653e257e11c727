/** The rows of a long table whose turn it is: one in `of`. FUZZ_FRESH, which the run prints, says which one is the first, so each run
 * has other rows. Tables with different shifts have different rows, too. With EVERY_ROW=1, as under `npm run soak tables`, it is all rows.
 */
export function turnOf<T>(rows: readonly T[], of: number, shift = 0): readonly T[] {
  const { EVERY_ROW, FUZZ_FRESH } = process.env;
  if (EVERY_ROW === "1") return rows;
  const turn = (Number(FUZZ_FRESH ?? 0) + shift) % of;
  return rows.filter((_, at) => at % of === turn);
}
