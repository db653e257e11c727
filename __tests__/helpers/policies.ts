import { readdirSync, readFileSync } from "node:fs";
import { list, type Policy, readPolicy, type Statement, statementsOf } from "../../local/iam/policy.ts";

const directory = "docs/iam";

/** The values of the files' placeholders, such as `cluster` for `<cluster>`. */
export type Names = Readonly<Record<string, string>>;

/** The names of all policy files for users, without `.json`. */
export const policyFiles: readonly string[] = readdirSync(directory)
  .filter((name) => name.endsWith(".json"))
  .map((name) => name.replace(/\.json$/, ""))
  .sort();

/** A policy file with its placeholders replaced as docs/iam/README.md says; unchanged if no names are given. */
export function policyOf(file: string, names?: Names): Policy {
  const text = readFileSync(`${directory}/${file}.json`, "utf8");
  const filled = text.replaceAll(/<([a-z-]+)>/g, (placeholder, name: string) => {
    const value = names === undefined ? placeholder : names[name];
    if (value === undefined) throw new Error(`${file}.json needs a name for ${placeholder}`);
    return value;
  });
  return readPolicy(JSON.parse(filled));
}

/** One action of a statement, and one of its resources where it has several. */
export interface Right {
  readonly file: string;
  readonly sid: string;
  readonly action: string;
  readonly resource?: string;
}

export const nameOf = ({ file, sid, action, resource = "" }: Right): string =>
  `${file}.json ${sid} ${action} ${resource}`.trim();

/** Every right of every file. */
export function allRights(): readonly Right[] {
  return policyFiles.flatMap((file) =>
    statementsOf(policyOf(file)).flatMap(({ Sid: sid = "", Action, Resource }) =>
      list(Action).flatMap((action): Right[] => {
        const resources = list(Resource);
        return resources.length < 2
          ? [{ file, sid, action }]
          : resources.map((resource) => ({ file, sid, action, resource }));
      }),
    ),
  );
}

/** A file's policy, without the right if it is one of the file's. */
export function policyWithout(file: string, names: Names, lost: Right | undefined): Policy {
  const policy = policyOf(file, names);
  if (lost?.file !== file) return policy;
  const { sid, action, resource } = lost;
  const asWritten = statementsOf(policyOf(file)).find(({ Sid }) => Sid === sid);
  const place = list(asWritten?.Resource).indexOf(resource ?? "");
  const Statement = statementsOf(policy).flatMap((statement): Statement[] => {
    if (statement.Sid !== sid) return [statement];
    const others = list(statement.Action).filter((one) => one !== action);
    const kept = list(statement.Resource).filter((_, at) => resource !== undefined && at !== place);
    return [
      ...(others.length === 0 ? [] : [{ ...statement, Action: others }]),
      ...(kept.length === 0 ? [] : [{ ...statement, Action: action, Resource: kept }]),
    ];
  });
  return { ...policy, Statement };
}
