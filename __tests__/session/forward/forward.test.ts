import { systemClock } from "../../../src/clock.ts";
import { carryForwards } from "../../../src/session/forward/forward.ts";
import { systemPorts } from "../../../src/session/forward/system-ports.ts";
import { aborted } from "../../../src/waiting.ts";
import { Listener } from "../../helpers/listener.ts";
import { TerminalSession } from "./terminal-session.ts";

it("a forward without an end ends at its timeout, by that name", async () => {
  const carried = carryForwards({
    forwards: [],
    open: () => Promise.resolve({ session: new TerminalSession(1), isElsewhere: false }),
    isLogged: () => false,
    ...{ seconds: 0.1, clock: systemClock, log: new Listener(), ports: systemPorts },
    cancel: new AbortController().signal,
    during: async (_, over) => {
      await aborted(over);
      return 0;
    },
  });
  await expect(carried).rejects.toMatchObject({
    code: "timed-out",
    failed: "The forward has ended at its 'timeout'.",
  });
});
