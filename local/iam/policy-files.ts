import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Policy, readPolicy } from "./policy.ts";

const directory = join(import.meta.dirname, "../../docs/iam");

/** The values of the files' placeholders, such as `cluster` for `<cluster>`. */
export type Names = Readonly<Record<string, string>>;

/** The names of all policy files for users, without `.json`. */
export const policyFiles: readonly string[] = readdirSync(directory)
  .filter((name) => name.endsWith(".json"))
  .map((name) => name.replace(/\.json$/, ""))
  .sort();

/** A policy file with its placeholders replaced as docs/iam/README.md says; unchanged if no names are given. */
export function policyOf(file: string, names?: Names): Policy {
  return policyIn(join(directory, `${file}.json`), names);
}

/** The policy in a file at this path, with its placeholders replaced; unchanged if no names are given. */
export function policyIn(path: string, names?: Names): Policy {
  const text = readFileSync(path, "utf8");
  const filled = text.replaceAll(/<([a-z-]+)>/g, (placeholder, name: string) => {
    const value = names === undefined ? placeholder : names[name];
    if (value === undefined) throw new Error(`${path} needs a name for ${placeholder}`);
    return value;
  });
  return readPolicy(JSON.parse(filled));
}
