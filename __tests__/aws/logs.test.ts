import { logsCalls } from "../../src/aws/logs.ts";
import {
  endpoint,
  exception,
  type Answer,
  type Endpoint,
  type ReceivedRequest,
} from "../helpers/aws-endpoint.ts";

let open: Endpoint;
afterEach(async () => {
  await open.close();
});

async function startEndpoint(answer: (request: ReceivedRequest) => Answer) {
  open = await endpoint(answer);
  return logsCalls(open.clients);
}
const stream = { group: "/exec", stream: "ecs-execute-command-1" };

/** Three pages, the second one empty, as CloudWatch may answer in the midst of a stream. */
function threePages({ body }: ReceivedRequest): Answer {
  const { nextToken } = JSON.parse(body) as { nextToken?: string };
  switch (nextToken) {
    case undefined:
      return { body: { events: [{ timestamp: 1, message: "one" }], nextForwardToken: "f/2" } };
    case "f/2":
      return { body: { events: [], nextForwardToken: "f/3" } };
    default:
      return {
        body: {
          events: nextToken === "f/3" ? [{ timestamp: 3, message: "three" }] : [],
          nextForwardToken: "f/4",
        },
      };
  }
}

it("reads a stream from its start; an empty page is not the last one", async () => {
  const logs = await startEndpoint(threePages);
  const first = await logs.readPage(stream);
  expect(first).toEqual({ messages: ["one"], next: "f/2", last: false });
  expect(await logs.readPage(stream, first?.next)).toEqual({ messages: [], next: "f/3", last: false });
  expect(JSON.parse(open.received[0]?.body ?? "")).toEqual({
    logGroupName: "/exec",
    logStreamName: "ecs-execute-command-1",
    startFromHead: true,
  });
});

it("reads on where an earlier page ended", async () => {
  const logs = await startEndpoint(threePages);
  expect(await logs.readPage(stream, "f/3")).toEqual({
    messages: ["three"],
    next: "f/4",
    last: false,
  });
  expect(await logs.readPage(stream, "f/4")).toEqual({ messages: [], next: "f/4", last: true });
});

it.each(["stream", "group"])("tells that the log %s is not there yet", async (what) => {
  const logs = await startEndpoint(() =>
    exception("ResourceNotFoundException", `The specified log ${what} does not exist.`),
  );
  expect(await logs.readPage(stream)).toBeUndefined();
});

it.each([
  ["a group without the stream", "stream", true],
  ["no group", "group", false],
])("tells %s from the other", async (_what, missing, exists) => {
  const logs = await startEndpoint(() =>
    exception("ResourceNotFoundException", `The specified log ${missing} does not exist.`),
  );
  expect(await logs.hasGroup(stream)).toBe(exists);
});

it("knows the group of a stream with one event", async () => {
  const logs = await startEndpoint(threePages);
  expect(await logs.hasGroup(stream)).toBe(true);
  expect(JSON.parse(open.received[0]?.body ?? "")).toMatchObject({ logStreamName: stream.stream, limit: 1 });
});

it("fails when the log may not be read", async () => {
  const logs = await startEndpoint(() => exception("AccessDeniedException", "no"));
  await expect(logs.readPage(stream)).rejects.toMatchObject({
    code: "access-denied",
    failed: expect.stringContaining("logs:GetLogEvents on log stream") as string,
  });
});

it("finds a log group by its whole name", async () => {
  const found = [{ logGroupName: "/exec", kmsKeyId: "arn:key" }];
  const logs = await startEndpoint(() => ({ body: { logGroups: found } }));
  expect(await logs.describeGroup("/exec")).toEqual({ kmsKeyId: "arn:key" });
  expect(await logs.describeGroup("/exe")).toBeUndefined();
  expect(JSON.parse(open.received[0]?.body ?? "")).toEqual({ logGroupNamePrefix: "/exec", limit: 1 });
});
