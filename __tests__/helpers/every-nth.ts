/** Every `of`th row of a long table, the same ones in each run. Tables with another `first` have other rows. With EVERY_ROW=1, as under
 * `npm run soak tables`, it is all rows.
 */
export function everyNth<T>(rows: readonly T[], of: number, first = 0): readonly T[] {
  if (process.env["EVERY_ROW"] === "1") return rows;
  const share = rows.filter((_, at) => at % of === first % of);
  // A short table has its last row.
  return share.length > 0 ? share : rows.slice(-1);
}
