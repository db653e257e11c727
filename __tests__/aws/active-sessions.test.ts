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
    { Sessions: [{ SessionId: "a", StartDate: 1_700_000_000.5 }], NextToken: "more" },
    { Sessions: [{ SessionId: "b" }] },
  ];
  const ssm = await answering((count) => ({ body: pages[count - 1] }));
  expect(await ssm.activeSessions("ecs:ci_1_2")).toEqual([
    { id: "a", since: 1_700_000_000_500 },
    { id: "b", since: undefined },
  ]);
  const Filters = [{ key: "Target", value: "ecs:ci_1_2" }];
  expect(open.received.map(({ body }) => JSON.parse(body) as unknown)).toEqual([
    { State: "Active", Filters },
    { State: "Active", Filters, NextToken: "more" },
  ]);
});

it("names the right to look at them where it is missing", async () => {
  const ssm = await answering(() => exception("AccessDeniedException", "no"));
  await expect(ssm.activeSessions("ecs:ci_1_2")).rejects.toMatchObject({
    code: "access-denied",
    failed: "Access denied: the credentials have no right to ssm:DescribeSessions on target 'ecs:ci_1_2'.",
  });
});
