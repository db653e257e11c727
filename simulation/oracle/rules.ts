import type { Simulated } from "../simulate.ts";
import { ARTIFACT_RULES } from "./artifact-rules.ts";
import { CODE_RULES } from "./code-rules.ts";
import { CREDENTIALS_RULES } from "./credentials.ts";
import { DEPLOYMENT_RULES } from "./deployment-rules.ts";
import { DETACH_RULES } from "./detach-rules.ts";
import { FILE_RULES } from "./file-rules.ts";
import { FLOW_RULES } from "./flow-rules.ts";
import { FORWARD_RULES } from "./forward-rules.ts";
import { ITEM_RULES } from "./item-rules.ts";
import { LEFTOVER_RULES } from "./leftover-rules.ts";
import { LOCK_RULES } from "./lock-rules.ts";
import { LOG_RULES } from "./log-rules.ts";
import type { Objection, Rule } from "./rule.ts";
import { ROLE_RULES } from "./role-rules.ts";
import { UNBEGUN_RULES } from "./unbegun-rules.ts";
import { SCRIPT_RULES } from "./script-rules.ts";
import { STEP_RULES } from "./step-rules.ts";
import { SERVICE_RULES } from "./service-rules.ts";
import { TASK_RULES } from "./task-rules.ts";

export const RULES: readonly Rule[] = [
  ...SCRIPT_RULES,
  ...ITEM_RULES,
  ...UNBEGUN_RULES,
  ...DETACH_RULES,
  ...LOCK_RULES,
  ...FILE_RULES,
  ...ARTIFACT_RULES,
  ...STEP_RULES,
  ...FLOW_RULES,
  ...LEFTOVER_RULES,
  ...TASK_RULES,
  ...SERVICE_RULES,
  ...DEPLOYMENT_RULES,
  ...FORWARD_RULES,
  ...LOG_RULES,
  ...CREDENTIALS_RULES,
  ...ROLE_RULES,
  ...CODE_RULES,
];

/** What the rules say of an end. */
export interface Verdict {
  readonly objections: readonly Objection[];
  /** How often each rule could have objected. */
  readonly looks: ReadonlyMap<string, number>;
}

export function judge(ended: Simulated): Verdict {
  const objections: Objection[] = [];
  const looks = new Map<string, number>();
  for (const rule of RULES) {
    looks.set(rule.name, 0);
    rule.look(ended, (holds, actor, text) => {
      looks.set(rule.name, (looks.get(rule.name) ?? 0) + 1);
      if (!holds) objections.push({ rule: rule.name, actor, text: text() });
    });
  }
  return { objections, looks };
}
