import { type Names, policyFiles, policyOf } from "../../local/iam/policy-files.ts";
import { list, type Policy, type Statement, statementsOf } from "../../local/iam/policy.ts";

/** One action of a statement, and one of its resources when it has several. */
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
