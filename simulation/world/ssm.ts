import { accessDenied } from "./aws-error.ts";
import type { Base } from "./base.ts";
import type { Gateway } from "./gateway.ts";
import type { SessionRecord } from "./session.ts";

type Input = Readonly<Record<string, unknown>>;

/** The answer of an operation of Systems Manager. Fails as it does. */
export function answerSsm(base: Base, gateway: Gateway, operation: string, input: Input): unknown {
  const id = String(input["SessionId"]);
  switch (operation) {
    case "DescribeSessions": {
      if (!base.options.maySeeSessions) throw accessDenied("ssm:DescribeSessions", "*");
      const filters = (input["Filters"] ?? []) as readonly { key: string; value: string }[];
      const target = filters.find(({ key }) => key === "Target")?.value;
      const isActive = input["State"] === "Active";
      const found = [...gateway.sessions.values()].filter(
        (each) => (target === undefined || each.target === target) && (each.ended === undefined) === isActive,
      );
      return { Sessions: found.map(describe), $metadata: {} };
    }
    case "ResumeSession": {
      if (!base.options.mayResume) throw accessDenied("ssm:ResumeSession", id);
      const token = gateway.resume(id);
      return { SessionId: id, TokenValue: token ?? "", StreamUrl: gateway.streamUrl(id), $metadata: {} };
    }
    case "TerminateSession":
      gateway.terminate(id);
      return { SessionId: id, $metadata: {} };
    default:
      throw new Error(`the world has no ssm:${operation}`);
  }
}

function describe(session: SessionRecord): unknown {
  const isConnected = session.client !== undefined;
  const status =
    session.ended !== undefined
      ? "Terminated"
      : isConnected
        ? "Connected"
        : session.hadClient
          ? "Disconnected"
          : "Connecting";
  return {
    ...{ SessionId: session.id, Target: session.target, Status: status, StartDate: new Date(session.begun) },
    ...(session.ended !== undefined && { EndDate: new Date(session.ended) }),
  };
}
