import { policyFiles, policyOf } from "../local/iam/policy-files.ts";
import { statementsOf } from "../local/iam/policy.ts";

/** The most characters of a managed policy, white space not counted (AWS: "IAM and AWS STS quotas"). */
const MOST_CHARACTERS = 6_144;

it.each(["caller-", "task-role"])(
  "the policies %s* can be merged into one: no name of a statement comes twice, and all fit into a managed policy",
  (prefix) => {
    const files = policyFiles.filter((name) => name.startsWith(prefix));
    const merged = files.flatMap((file) => statementsOf(policyOf(file)));
    const names = merged.map(({ Sid }) => Sid);
    expect(files.length).toBeGreaterThan(5);
    expect(names.filter((name, at) => names.indexOf(name) !== at)).toEqual([]);
    const text = JSON.stringify({ Version: "2012-10-17", Statement: merged });
    expect(text.replace(/\s/g, "").length).toBeLessThanOrEqual(MOST_CHARACTERS);
  },
);
