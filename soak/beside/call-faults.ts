import type { Fault as LocalFault } from "../../local/faults.ts";
import type { CallFault, Scenario, TimedFault } from "../../simulation/scenario.ts";
import { accessDenied } from "../../simulation/world/aws-error.ts";

/** How the callers' programs in a container name themselves; the action itself is `aws-sdk-js`. */
const IN_CONTAINER = ["Boto3", "Python-urllib", "curl", "Wget"];
const OF_ACTION = "aws-sdk-js";
const S3_METHODS: Readonly<Record<string, string>> = {
  ...{ GetObject: "GET", HeadObject: "HEAD", PutObject: "PUT", DeleteObject: "DELETE", PostObject: "POST" },
};

/** The faults of calls. One counts the calls that it sees, and so none that a fault before it hits. */
export function callFaults(faults: Scenario["faults"]): readonly LocalFault[] {
  const calls = faults.filter((fault): fault is CallFault => fault.kind === "call");
  return calls
    .toSorted((one, other) => one.count - other.count)
    .map((fault, at, sorted) => {
      const earlier = sorted.slice(0, at).filter(({ operation }) => operation === fault.operation).length;
      return { ...callFault(fault), skip: fault.count - 1 - earlier };
    });
}

function callFault({ operation, count, what, ms }: CallFault): LocalFault {
  const [service = "", name = ""] = operation.split(":");
  const isS3 = service === "s3";
  const address = {
    ...{ operation: isS3 ? `${S3_METHODS[name] ?? "?"} *` : name, agent: OF_ACTION },
  };
  switch (what) {
    case "throttled":
      return isS3
        ? { ...address, code: "SlowDown", message: "Please reduce your request rate.", status: 503 }
        : { ...address, code: "ThrottlingException", message: "Rate exceeded" };
    case "denied": {
      const { name: code, message, $metadata } = accessDenied(operation, "*");
      return { ...address, code, message, status: $metadata.httpStatusCode ?? 400 };
    }
    case "failed":
      return isS3
        ? { ...address, code: "ServiceUnavailable", status: 503 }
        : { ...address, code: "ServerException", status: 500 };
    case "lost":
      return { ...address, reset: "after" };
    case "slow":
      return { ...address, delay: ms ?? 0 };
    case "mute":
      throw new Error(`call ${count} of ${operation}: no call is mute here`);
  }
}

/** S3 is away for a while, for the action or for the programs of a container. */
export function s3Away({
  actor,
  ms,
}: Extract<TimedFault, { readonly kind: "s3-away" }>): readonly LocalFault[] {
  const agents = actor.startsWith("runner") ? [OF_ACTION] : IN_CONTAINER;
  return agents.flatMap((agent) =>
    Object.values(S3_METHODS).map((method) => ({
      ...{ operation: `${method} *`, agent, lasts: ms },
      reset: "before",
    })),
  );
}
