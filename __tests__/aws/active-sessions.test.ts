import { ssmCalls } from "../../src/aws/ssm.ts";
import { endpoint, exception, type Answer, type Endpoint } from "../helpers/aws-endpoint.ts";

let open: Endpoint;
afterEach(async () => {
  await open.close();
});

async function answering(answer: (count: number) => Answer) {
  open = await endpoint((_, count) => answer(count));
  return ssmCalls(open.clients);
}

it("lists all of a target's sessions that have not ended", async () => {
  const pages = [
    { Sessions: [{ SessionId: "a", StartDate: 1_700_000_000.5, Status: "Disconnected" }], NextToken: "more" },
    { Sessions: [{ SessionId: "b" }] },
  ];
  const ssm = await answering((count) => ({ body: pages[count - 1] }));
  expect(await ssm.activeSessions("ecs:ci_1_2")).toEqual([
    { id: "a", status: "Disconnected", since: 1_700_000_000_500, connected: false },
    { id: "b", connected: false },
  ]);
  const Filters = [{ key: "Target", value: "ecs:ci_1_2" }];
  expect(open.received.map(({ body }) => JSON.parse(body) as unknown)).toEqual([
    { State: "Active", Filters },
    { State: "Active", Filters, NextToken: "more" },
  ]);
});

it("lists the sessions of all targets, or none where one call can't return them all", async () => {
  const Sessions = [{ SessionId: "a", Target: "ecs:ci_1_2", Status: "Connected" }];
  const ssm = await answering((count) => ({ body: { Sessions, ...(count > 1 && { NextToken: "more" }) } }));
  expect(await ssm.allActiveSessions()).toEqual([
    { id: "a", target: "ecs:ci_1_2", status: "Connected", connected: true },
  ]);
  expect(await ssm.allActiveSessions()).toBeUndefined();
  expect(open.received.map(({ body }) => JSON.parse(body) as unknown)).toEqual([
    { State: "Active" },
    { State: "Active" },
  ]);
});

it("names the right to look at them where it is missing", async () => {
  const ssm = await answering(() => exception("AccessDeniedException", "no"));
  await expect(ssm.activeSessions("ecs:ci_1_2")).rejects.toMatchObject({
    code: "access-denied",
    failed: "Access denied: the credentials have no right to ssm:DescribeSessions on target 'ecs:ci_1_2'.",
  });
});

it("lists those that have ended as well, from a time on", async () => {
  const ended = { SessionId: "b", StartDate: 1_700_000_001, EndDate: 1_700_000_003, Status: "Terminated" };
  open = await endpoint(({ body }) => ({
    body: body.includes("History")
      ? { Sessions: [ended] }
      : { Sessions: [{ SessionId: "a", StartDate: 1_700_000_002, Status: "Connected" }] },
  }));
  expect(await ssmCalls(open.clients).recentSessions("ecs:ci_1_2", 1_700_000_000_000)).toEqual([
    { id: "a", status: "Connected", since: 1_700_000_002_000, connected: true },
    {
      id: "b",
      status: "Terminated",
      since: 1_700_000_001_000,
      ended: 1_700_000_003_000,
      connected: false,
    },
  ]);
  const history = open.received
    .map(({ body }) => JSON.parse(body) as { State: string })
    .find(({ State }) => State === "History");
  expect(history).toEqual({
    State: "History",
    Filters: [
      { key: "Target", value: "ecs:ci_1_2" },
      { key: "InvokedAfter", value: "2023-11-14T22:13:20.000Z" },
    ],
  });
});
