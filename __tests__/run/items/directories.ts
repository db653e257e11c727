import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ItemDirectories, type ItemDirectoriesOptions } from "../../../src/run/items/item-directories.ts";
import { StepBudget } from "../../../src/run/step-budget.ts";
import { realWorld } from "../../../src/run/step/world.ts";
import { Listener } from "../../helpers/listener.ts";
import { systemClock } from "../../../src/clock.ts";

/** The directories of items in a workspace of their own, which is made once something comes. */
export function itemDirectories(more: Partial<ItemDirectoriesOptions> = {}): ItemDirectories {
  return new ItemDirectories(itemDirectoriesOptions(more));
}

export function itemDirectoriesOptions(more: Partial<ItemDirectoriesOptions> = {}): ItemDirectoriesOptions {
  const workspace = more.workspace ?? "/nowhere";
  return {
    files: {
      ...{ directory: join(workspace, "artifacts"), within: [workspace] },
      ...{ maxCount: 10_000, maxBytes: 1 << 30, missing: "warn" },
    },
    ...{ list: ["a", "b", "c"], workspace, clock: systemClock, gunzip: realWorld.gunzip },
    ...{ budget: new StepBudget(), cancel: new AbortController().signal, log: new Listener() },
    ...more,
  };
}

export function aWorkspace(): string {
  return mkdtempSync(join(tmpdir(), "fx-items-"));
}
