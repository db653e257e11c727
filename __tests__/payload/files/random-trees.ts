import fc from "fast-check";
import type { Tree } from "./trees.ts";

const name = fc
  .string({ unit: fc.constantFrom(...Array.from("ab.-_ '\"\n$*?[]{}é漢😀\\~")), minLength: 1, maxLength: 12 })
  // A name that begins with a dot does not come unless a line names it.
  .map((text) => text.replace(/^\./, "x"));
const long = fc.constantFrom("n".repeat(120), "é".repeat(90), "w".repeat(255));
const path = fc
  .array(fc.oneof({ weight: 9, arbitrary: name }, { weight: 1, arbitrary: long }), {
    minLength: 1,
    maxLength: 4,
  })
  .map((parts) => `d/${parts.join("/")}`);
const modified = fc.integer({ min: 1, max: 2 ** 31 - 1 });
const item = fc.oneof(
  fc.record({
    bytes: fc.uint8Array({ maxLength: 2000 }),
    mode: fc.integer({ min: 0o400, max: 0o777 }),
    modified,
  }),
  fc.record({ target: fc.constantFrom(".", "x y", "n".repeat(200), "a/é"), modified }),
);
/** Leaves out each file that is where another path needs a directory. */
function withoutConflicts(drawn: Tree): Tree {
  const paths = Object.keys(drawn);
  const isAbove = (one: string): boolean => paths.some((other) => other.startsWith(`${one}/`));
  return Object.fromEntries(Object.entries(drawn).filter(([one]) => !isAbove(one)));
}
/** The directory that all of a tree is in. Without python3 nothing is brought back from one that other users may write. */
const top = fc.record({ mode: fc.constantFrom(0o700, 0o711, 0o750, 0o755), modified });
/** Trees of files and links. */
export const trees = fc
  .tuple(fc.dictionary(path, item, { minKeys: 1, maxKeys: 12 }), top)
  .map(([items, directory]): Tree => ({ ...withoutConflicts(items), "d/": directory }));

const large = fc
  .record({
    seed: fc.uint8Array({ minLength: 1, maxLength: 50 }),
    size: fc.integer({ min: 2_000, max: 1_000_000 }),
  })
  .map(({ seed, size }) => Buffer.alloc(size, seed));
const mixed = fc.oneof(
  { weight: 40, arbitrary: item },
  { weight: 1, arbitrary: fc.record({ bytes: large, mode: fc.constant(0o644), modified }) },
);
const empty = fc.record({ mode: fc.integer({ min: 0o700, max: 0o777 }), modified });
/** Such trees, about every third with a file of up to 1 MB, and some with empty directories. */
export const mixedTrees = fc
  .tuple(
    fc.dictionary(path, mixed, { minKeys: 1, maxKeys: 12 }),
    fc.dictionary(path, empty, { maxKeys: 2 }),
    top,
  )
  .map(([items, directories, directory]): Tree => {
    const made = Object.entries(directories).map(([one, at]) => [`${one}/`, at] as const);
    return { ...withoutConflicts({ ...items, ...Object.fromEntries(made) }), "d/": directory };
  });
