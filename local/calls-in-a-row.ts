import type { RecordedRequest } from "./front/requests.ts";

/**
 * How many of the calls came in a row before `last`: the length of the longest chain in which each call arrived after the
 * answer to the one before. Calls under way at the same time count as one.
 */
export function callsInARow(calls: readonly RecordedRequest[], last: RecordedRequest): number {
  const before = calls.filter(
    ({ sequence: { answered } }) => answered !== undefined && answered < last.sequence.arrived,
  );
  return before.length === 0 ? 0 : 1 + Math.max(...before.map((call) => callsInARow(before, call)));
}
