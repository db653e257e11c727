import type { InputName } from "../../inputs/names.ts";
import type { InputValue } from "./run-options.ts";

/** Inputs whose records are JSON. The records of others are key=value lines. */
const JSON_RECORDS: ReadonlySet<InputName> = new Set(["env", "secrets", "overrides", "files", "matrix"]);

/** An input's value as the text that a workflow would give; empty for one that is not given. */
export function inputText(name: InputName, value: InputValue | Uint8Array): string {
  if (value === undefined) return "";
  if (typeof value !== "object") return String(value);
  if (value instanceof Uint8Array) return Buffer.from(value).toString();
  if (isList(value)) return value.join("\n");
  const members = Object.entries(value);
  if (members.length === 0) return "";
  if (JSON_RECORDS.has(name)) return JSON.stringify(value);
  return members.map(([key, member]) => `${key}=${String(member)}`).join("\n");
}

function isList(value: object): value is readonly string[] {
  return Array.isArray(value);
}
