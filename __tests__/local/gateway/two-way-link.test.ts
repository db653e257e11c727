import { jest } from "@jest/globals";
import { directLink } from "../../../local/gateway/link.ts";
import { TwoWayLink } from "../../../local/gateway/two-way-link.ts";

const ENDS = { "to-client": () => undefined, "to-agent": () => undefined };

beforeEach(() => void jest.useFakeTimers());
afterEach(() => void jest.useRealTimers());

it.each<[string, number, (link: TwoWayLink) => void]>([
  ["strikes while the session goes on", 1, () => undefined],
  ["does not strike once the faults were replaced", 0, (link) => link.disturb({})],
  ["does not strike once the link was closed", 0, (link) => link.close()],
])("a cut that is to come %s", (_name, expected, act) => {
  const link = new TwoWayLink(directLink, ENDS, { cut: { afterMs: 1_000 } });
  let cuts = 0;
  link.cuts.connected(() => (cuts += 1));
  act(link);
  jest.advanceTimersByTime(2_000);
  expect(cuts).toBe(expected);
});
