import type { Aws } from "../../src/aws/calls.ts";
import { systemClock } from "../../src/clock.ts";
import { Failure } from "../../src/errors.ts";
import { openTicket, type OpenTicketOptions, terminateSession } from "../../src/session/opener.ts";
import { Listener } from "../helpers/listener.ts";
import { AWS, later, startGateway, stopAll } from "../helpers/session-rig.ts";

afterEach(stopAll);

/** The options to open a ticket with. TerminateSession is recorded, or fails with `refusal`. */
function makeOptions(refusal?: Failure) {
  const terminated: string[] = [];
  const log = new Listener();
  const cancel = new AbortController();
  const terminate = (id: string) =>
    refusal === undefined ? Promise.resolve(void terminated.push(id)) : Promise.reject(refusal);
  const aws = {
    clients: AWS,
    ssm: { terminateSession: terminate, resumeSession: () => Promise.resolve(undefined) },
    kms: { generateDataKey: () => Promise.reject(new Error("no key is asked for")) },
  } as unknown as Aws;
  const options: OpenTicketOptions = {
    ...{ aws, log, clock: systemClock, cancel: cancel.signal },
    ...{ sessionTarget: "ecs:ci_17_r", encryption: Promise.resolve({ kind: "none" as const }) },
  };
  return { options, terminated, log, cancel };
}

const ticket = (streamUrl: string) => ({ sessionId: "s-1", streamUrl, token: "token" });

it("a ticket is opened by its own URL and token", async () => {
  const gateway = await startGateway();
  const { options, terminated } = makeOptions();
  const session = await openTicket(ticket(gateway.url), options);
  later(() => session.close());
  await gateway.untilOpen();
  expect(session.sessionId).toBe("s-1");
  expect(terminated).toEqual([]);
});

it("a session that can't be connected to is ended, so that its seat is free", async () => {
  const gateway = await startGateway();
  gateway.refusing = () => 500;
  const { options, terminated } = makeOptions();
  await expect(openTicket(ticket(gateway.url), options)).rejects.toMatchObject({ code: "session-refused" });
  expect(terminated).toEqual(["s-1"]);
});

it("after a cancel no session is connected to or ended", async () => {
  const gateway = await startGateway();
  const { options, terminated, cancel } = makeOptions();
  cancel.abort(new Error("cancelled"));
  await expect(openTicket(ticket(gateway.url), options)).rejects.toThrow("cancelled");
  expect([gateway.requests, terminated]).toEqual([[], []]);
});

it("a session that can't be ended is reported in the log, and fails nothing", async () => {
  const denied = new Failure("access-denied", { failed: "No right.", seen: "ssm said so.", advice: "" });
  const { options, log } = makeOptions(denied);
  await terminateSession(options, "s-1");
  expect(log.lines).toEqual([expect.stringContaining("No right. ssm said so.")]);
});
