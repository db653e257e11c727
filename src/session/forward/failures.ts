import { Failure, type FailureCode } from "../../errors.ts";
import type { CutTimes } from "./cut-times.ts";
import type { Refusal } from "./streams.ts";

const PASSING: ReadonlySet<FailureCode> = new Set([
  "session-lost",
  "session-refused",
  "aws-unreachable",
  "aws-error",
  "throttled",
]);

/**
 * Whether a cut explains that no session could be opened, and the forward still bears it. An exec agent that has carried the forward can
 * connect. When ECS says later that it is not connected, the agent has lost its channel, as the forward has lost its session.
 */
export function isPassing(error: unknown, times: Pick<CutTimes, "hasCarried" | "isGivenUp">): boolean {
  if (!(error instanceof Failure) || times.isGivenUp) return false;
  return PASSING.has(error.code) || (times.hasCarried && error.code === "exec-not-ready");
}

export function pythonNotFound(path: string): Failure {
  return new Failure("container-refused", {
    failed: "The container can't forward: it has no python3 that is safe to run.",
    seen:
      path === ""
        ? "No directory of its PATH that only root can write to has a python3."
        : `Another user of the container can replace '${path}' or its library, or it has none beside it.`,
    advice:
      "Use a task of its own beside the service: 'service' with 'image: public.ecr.aws/docker/library/python:3.13-slim', 'borrow: network' and 'task-role'.",
  });
}

/** The container has a relay of another forward. */
export function forwardBusy(): Failure {
  return new Failure("container-busy", {
    failed: "The container carries another forward, and takes one at a time.",
    seen: "A relay runs in it.",
    advice:
      "End the other forward, name another task, or use a task of its own: 'start: true' with 'service'.",
  });
}

/** The agent's copy of a logged session has become long. */
export function logTooLong(bytes: number): Failure {
  return new Failure("session-lost", {
    failed: "The forward has ended, because its session is logged.",
    seen: `The exec agent keeps a copy of the session on the task's disk, which has ${bytes >> 20} MiB by now.`,
    advice: "Run it again, or forward in a cluster whose sessions are not logged.",
  });
}

/** The forward was up for as long as 'timeout' allows. */
export class ForwardTimedOut extends Failure {
  constructor(seconds: number) {
    super("timed-out", {
      failed: "The forward has ended at its 'timeout'.",
      seen: `It was up for ${seconds < 120 ? `${seconds} s` : `${Math.round(seconds / 60)} minutes`}.`,
      advice: "Give it a longer 'timeout' when it is needed for longer.",
    });
  }
}

/** `seen` may come from the container. */
export function forwardLost(seen: string, cause?: unknown): Failure {
  return new Failure("session-lost", {
    failed: "The forward is lost.",
    seen: `The connection to its relay in the container ended: ${seen}.`,
    advice: "Run it again. If it repeats, open an issue with what '--verbose' shows.",
    cause,
  });
}

const WHY: Readonly<Record<Refusal, readonly [seen: string, advice: string]>> = {
  failed: ["The container could not connect", "See the text of the container's system above."],
  "unknown-name": [
    "The container knows no such name",
    "Check the name, and the private hosted zone or the DNS settings of the VPC. Names are resolved in the container.",
  ],
  refused: [
    "Nothing listens at that port",
    "Check the port, and that the server is up and listens on that address.",
  ],
  "no-route": [
    "The container has no route to that address",
    "Check the route table and the network ACL of the task's subnet.",
  ],
  "timed-out": [
    "No answer came",
    "Let the security group of the far end take connections from the task's security group at that port.",
  ],
  forbidden: [
    "Link-local addresses are not forwarded",
    "They give out the credentials of the task. Name another address.",
  ],
};

/** The far end could not be reached from the container. `text` is what its system says. */
export function notReached(target: string, why: Refusal, text: string): Failure {
  const [seen, advice] = WHY[why];
  return new Failure("container-refused", {
    failed: `The container can't reach ${target}.`,
    seen: `${seen}: ${text.replace(/\.$/, "")}.`,
    advice,
  });
}

export function portTaken(port: number, seen: string): Failure {
  return new Failure("bad-input", {
    failed: `Port ${port} of this machine can't be listened at.`,
    seen: `${seen.replace(/\.$/, "")}.`,
    advice: "Give another local port, or none for a free one, as in ':db.internal:5432'.",
  });
}
