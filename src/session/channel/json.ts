import { isRecord } from "../../values.ts";

/** The payload's JSON object, or undefined when it holds none. */
export function parseObject(payload: Uint8Array): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(payload).toString());
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
