import { ssmCalls } from "../../src/aws/ssm.ts";
import { endpoint, exception, type Answer, type Endpoint } from "../helpers/aws-endpoint.ts";

let ssmEndpoint: Endpoint;
afterEach(async () => {
  await ssmEndpoint.close();
});

async function startEndpoint(answer: (count: number) => Answer) {
  ssmEndpoint = await endpoint((_, count) => answer(count));
  return ssmCalls(ssmEndpoint.clients);
}

it("lists all of a target's sessions that have not ended", async () => {
  const pages = [
    { Sessions: [{ SessionId: "a", StartDate: 1_700_000_000.5, Status: "Disconnected" }], NextToken: "more" },
    { Sessions: [{ SessionId: "b" }] },
  ];
  const ssm = await startEndpoint((count) => ({ body: pages[count - 1] }));
  expect(await ssm.listActiveSessions("ecs:ci_1_2")).toEqual([
    { id: "a", status: "Disconnected", since: 1_700_000_000_500, connected: false },
    { id: "b", connected: false },
  ]);
  const Filters = [{ key: "Target", value: "ecs:ci_1_2" }];
  expect(ssmEndpoint.received.map(({ body }) => JSON.parse(body) as unknown)).toEqual([
    { State: "Active", Filters },
    { State: "Active", Filters, NextToken: "more" },
  ]);
});

it("leaves out the sessions of other containers, should the filter mean something else, and keeps those of an unknown name", async () => {
  const Sessions = [
    { SessionId: "a", Target: "ecs:ci_1_2" },
    { SessionId: "b", Target: "ecs:my_ci_9_9" },
    { SessionId: "c", Target: "arn:aws:ecs:eu-central-1:123456789012:task/ci/1" },
    { SessionId: "d" },
  ];
  const ssm = await startEndpoint(() => ({ body: { Sessions } }));
  const ids = (found: readonly { readonly id: string }[]): string[] => found.map(({ id }) => id);
  expect(ids(await ssm.listActiveSessions("ecs:ci_1_2"))).toEqual(["a", "c", "d"]);
  expect(ids(await ssm.listRecentSessions("ecs:ci_1_2", 0))).toEqual(["a", "c", "d", "a", "c", "d"]);
});

it("lists the sessions of all targets; undefined when one call can't return them all", async () => {
  const Sessions = [{ SessionId: "a", Target: "ecs:ci_1_2", Status: "Connected" }];
  const ssm = await startEndpoint((count) => ({
    body: { Sessions, ...(count > 1 && { NextToken: "more" }) },
  }));
  expect(await ssm.listAllActiveSessions()).toEqual([
    { id: "a", sessionTarget: "ecs:ci_1_2", status: "Connected", connected: true },
  ]);
  expect(await ssm.listAllActiveSessions()).toBeUndefined();
  expect(ssmEndpoint.received.map(({ body }) => JSON.parse(body) as unknown)).toEqual([
    { State: "Active" },
    { State: "Active" },
  ]);
});

it("names ssm:DescribeSessions when the credentials lack it", async () => {
  const ssm = await startEndpoint(() => exception("AccessDeniedException", "no"));
  await expect(ssm.listActiveSessions("ecs:ci_1_2")).rejects.toMatchObject({
    code: "access-denied",
    failed: "Access denied: the credentials have no right to ssm:DescribeSessions on target 'ecs:ci_1_2'.",
  });
});

it("also lists the sessions that have ended and began after a given time", async () => {
  const ended = { SessionId: "b", StartDate: 1_700_000_001, EndDate: 1_700_000_003, Status: "Terminated" };
  ssmEndpoint = await endpoint(({ body }) => ({
    body: body.includes("History")
      ? { Sessions: [ended] }
      : { Sessions: [{ SessionId: "a", StartDate: 1_700_000_002, Status: "Connected" }] },
  }));
  expect(await ssmCalls(ssmEndpoint.clients).listRecentSessions("ecs:ci_1_2", 1_700_000_000_999)).toEqual([
    { id: "a", status: "Connected", since: 1_700_000_002_000, connected: true },
    {
      id: "b",
      status: "Terminated",
      since: 1_700_000_001_000,
      ended: 1_700_000_003_000,
      connected: false,
    },
  ]);
  const history = ssmEndpoint.received
    .map(({ body }) => JSON.parse(body) as { State: string })
    .find(({ State }) => State === "History");
  expect(history).toEqual({
    State: "History",
    Filters: [
      { key: "Target", value: "ecs:ci_1_2" },
      { key: "InvokedAfter", value: "2023-11-14T22:13:20Z" },
    ],
  });
});
