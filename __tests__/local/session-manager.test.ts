import { jest } from "@jest/globals";
import { Gateway } from "../../local/gateway/gateway.ts";
import { sessionManager } from "../../local/session-manager.ts";

const NOW = 1_700_000_000_500;
jest.useFakeTimers({ now: NOW });

const gateway = new Gateway({ baseUrl: () => "ws://127.0.0.1:1" });
afterAll(() => gateway.close());

const describeSessions = (request: object) =>
  sessionManager(
    gateway,
    { region: "us-east-1", accountId: "123456789012" },
    "DescribeSessions",
    request,
  ) as { Sessions: { SessionId: string }[] };
const idsOf = (request: object) => describeSessions(request).Sessions.map(({ SessionId }) => SessionId);
const ofTarget = (value: string) => [{ key: "Target", value }];

it("lists sessions as SSM does: active or ended ones, of one target or of all", () => {
  const [first, second, other] = ["ecs:ci_1_a", "ecs:ci_1_a", "ecs:ci_2_b"].map(
    (target) => gateway.createSession(target).sessionId,
  );
  expect(describeSessions({ State: "Active", Filters: ofTarget("ecs:ci_2_b") })).toEqual({
    Sessions: [
      {
        SessionId: other,
        Target: "ecs:ci_2_b",
        Status: "Connecting",
        StartDate: NOW / 1000,
        Owner: "arn:aws:iam::123456789012:user/local",
      },
    ],
  });
  expect(idsOf({ State: "Active", Filters: ofTarget("ecs:ci_1_a") })).toEqual([second, first]);
  gateway.terminateSession(second ?? "");
  expect(idsOf({ State: "Active", Filters: ofTarget("ecs:ci_1_a") })).toEqual([first]);
  expect(idsOf({ State: "Active" })).toEqual([other, first]);
  expect(idsOf({ State: "History" })).toEqual([second]);
});
