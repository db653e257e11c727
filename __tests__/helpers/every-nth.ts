/** Every `of`th row of a long table, the same ones in each run. Tables with another `first` have other rows. With EVERY_ROW=1, as under
 * `npm run soak tables`, it is all rows.
 */
export function everyNth<T>(rows: readonly T[], of: number, first = 0): readonly T[] {
  if (process.env["EVERY_ROW"] === "1") return rows;
  const share = rows.filter((_, at) => at % of === first % of);
  // A short table has its last row.
  return share.length > 0 ? share : rows.slice(-1);
}

const nothing: (...args: readonly unknown[]) => unknown = new Proxy(() => nothing, { get: () => nothing });

/**
 * A function of Jest that makes tests, such as `it`, with EVERY_ROW=1, as under `npm run soak tables`. In other runs it makes none: what these
 * tests show takes long, and their neighbours show most of it for every commit.
 */
export function inSoak<T>(block: T): T {
  return process.env["EVERY_ROW"] === "1" ? block : (nothing as T);
}

export const itInSoak = inSoak(it);
