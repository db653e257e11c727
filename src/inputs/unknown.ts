import { inputNames } from "./names.ts";
import { quoteValue } from "./parse.ts";

/** The most warnings about names that are no inputs. More of them are no slips of the pen. */
const MOST_WARNINGS = 5;

/** A warning for each name that is no input of this action, with the input that it may stand for. */
export function unknownInputWarnings(names: readonly string[]): readonly string[] {
  return names.slice(0, MOST_WARNINGS).map((name) => {
    // `attach` and `forward` have fewer inputs than the action itself.
    if (inputNames.some((input) => input === name))
      return `${quoteValue(name)} is an input of the step that starts a job, and has no effect here.`;
    const similar = similarInput(name);
    const meant = similar === undefined ? "" : ` Did you mean '${similar}'?`;
    return `There is no input ${quoteValue(name)}, so what it says has no effect.${meant}`;
  });
}

/** The input whose name is nearest; undefined when none is near. */
function similarInput(name: string): string | undefined {
  const written = normalForm(name);
  const distances = inputNames.map((input) => ({ input, distance: editDistance(written, input) }));
  const nearest = distances.reduce((best, one) => (one.distance < best.distance ? one : best));
  // Of short names a third of the letters would make each input similar to another.
  if (nearest.distance <= Math.max(1, Math.floor(nearest.input.length / 3))) return nearest.input;
  const within = inputNames.filter((input) => written.startsWith(`${input}-`)).at(-1);
  const [only, ...more] = inputNames.filter((input) => input.startsWith(`${written}-`));
  return within ?? (more.length === 0 ? only : undefined);
}

/** As the names of inputs are written: in lower case, with hyphens. */
function normalForm(name: string): string {
  return name.toLowerCase().replace(/[_ ]/g, "-");
}

/** How many letters have to be inserted, removed, changed, or exchanged with their neighbour (optimal string alignment). */
function editDistance(from: string, to: string): number {
  let beforeLast: readonly number[] = [];
  let last = Array.from({ length: to.length + 1 }, (_, at) => at);
  for (let i = 1; i <= from.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= to.length; j += 1) {
      const change = from[i - 1] === to[j - 1] ? 0 : 1;
      const isExchange = i > 1 && j > 1 && from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1];
      row.push(
        Math.min(
          (last[j] ?? 0) + 1,
          (row[j - 1] ?? 0) + 1,
          (last[j - 1] ?? 0) + change,
          isExchange ? (beforeLast[j - 2] ?? 0) + 1 : Infinity,
        ),
      );
    }
    beforeLast = last;
    last = row;
  }
  return last.at(-1) ?? 0;
}
