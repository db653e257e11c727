import type { AgentFaults } from "./agent/session.ts";
import { noFaults } from "./agent/agent.ts";
import { AwsError } from "./aws-error.ts";
import type { Flood } from "./agent/flood.ts";
import type { Fault, Faults } from "./faults.ts";
import type { Gateway } from "./gateway/gateway.ts";
import type { LinkOrder } from "./gateway/link-faults.ts";
import type { GatewayBehaviour } from "./gateway/options.ts";
import type { TranscriptFaults } from "./agent/transcript.ts";
import type { ContainerEnd } from "./task/container.ts";
import type { AgentDeath } from "./task/managed-agent.ts";
import type { StopCode } from "./task/lifecycle.ts";
import type { Task } from "./task/task.ts";

/** An order that is carried out on open sessions at once. */
export interface SessionOrder {
  /** `cut`: the client's socket is gone. `silence`: the socket stays and carries nothing. `close`: the service ends the session. */
  readonly do: "cut" | "silence" | "close";
  /** The id of a session; all open sessions unless given. */
  readonly session?: string;
  /** With `close`, the text of `channel_closed`; empty unless given. */
  readonly text?: string;
}

/** Which agents die: those of a `task` (by ARN or id; all running tasks unless given) and a `container` (all unless given). */
export interface AgentOrder extends AgentDeath {
  readonly task?: string;
  readonly container?: string;
}

/** A task stops while sessions run in it. The sessions get no message. */
export interface TaskOrder {
  /** ARN or id; all running tasks unless given. */
  readonly task?: string;
  /** `UserInitiated` unless given. With a `container` and no `stopCode`, only the container's end stops the task, if it is essential. */
  readonly stopCode?: StopCode;
  readonly stoppedReason?: string;
  /** Whether the task stops without SIGTERM and without a grace period, as when the host is lost. */
  readonly abrupt?: boolean;
  /** A container that is killed: the one with this `name`, or the task's first one. */
  readonly container?: ContainerEnd & { readonly name?: string };
}

/** Faults to begin. Each member is an order by itself; `null` ends the faults that an order of that name began. */
export interface Orders {
  /** AWS calls that fail. */
  readonly api?: Fault | readonly Fault[] | null;
  /** The network between clients and gateway. */
  readonly link?: LinkOrder | null;
  /** The gateway's behaviour; in JSON, `null` stands for undefined. */
  readonly gateway?: { readonly [Name in keyof GatewayBehaviour]?: GatewayBehaviour[Name] | null };
  readonly session?: SessionOrder;
  readonly agent?: AgentOrder;
  readonly task?: TaskOrder;
  /** How the logs of sessions arrive. */
  readonly transcripts?: TranscriptFaults | null;
  /** Whether the task role may use the key of an encrypted session. */
  readonly decrypt?: AgentFaults["decrypt"];
  /** How an agent under an attacker's control treats an encrypted session. */
  readonly handshake?: AgentFaults["handshake"];
  /** What the agent of the next session sends instead of the command's output. */
  readonly flood?: Flood | null;
}

/** The parts that orders are carried out on. */
export interface OrderTargets {
  readonly faults: Faults;
  readonly gateway: Gateway;
  readonly agents: AgentFaults;
  readonly tasks: ReadonlyMap<string, Task>;
}

const known: Readonly<Record<keyof Orders, readonly string[]>> = {
  api: ["operation", "agent", "code", "message", "status", "reset", "delay", "skip", "times", "lasts"],
  link: ["seed", "toClient", "toAgent", "cut", "to", "sessions"],
  gateway: [
    ...["pauseAfter", "closeOn", "announceLostAgent", "lateClient", "reuseTokens", "resume"],
    ...[
      "requireSignature",
      "requireRight",
      "usedUrl",
      "idleLimit",
      "idleResetBy",
      "connectionLimit",
      "lifeLimit",
    ],
  ],
  session: ["do", "session", "text"],
  agent: ["task", "container", "backAfter", "reason", "noticed"],
  task: ["task", "stopCode", "stoppedReason", "abrupt", "container"],
  transcripts: ["delay", "s3", "cloudWatch"],
  decrypt: [],
  handshake: ["key"],
  flood: ["opening", "parts"],
};

/**
 * Checks the names of orders that came as JSON. Throws an `AwsError` of status 400 that gives the first unknown name.
 */
export function readOrders(body: unknown): Orders {
  if (typeof body !== "object" || body === null || Array.isArray(body))
    throw invalid("the body must be a JSON object");
  for (const [name, order] of Object.entries(body) as [string, unknown][]) {
    const members = Object.entries(known).find(([known]) => known === name)?.[1];
    if (members === undefined) throw invalid(`'${name}' must be one of ${Object.keys(known).join(", ")}`);
    for (const part of Array.isArray(order) ? (order as unknown[]) : [order]) {
      if (typeof part !== "object" || part === null) continue;
      const stranger = Object.keys(part).find((member) => !members.includes(member));
      if (stranger !== undefined) throw invalid(`'${name}.${stranger}' must be one of ${members.join(", ")}`);
    }
  }
  return body;
}

/** Carries out orders. Resolves when killed processes are gone. It does not wait for tasks to stop. */
export async function obey(orders: Orders, on: OrderTargets): Promise<void> {
  const { api, link, gateway, session, agent, task, transcripts, decrypt, handshake, flood } = orders;
  if (api === null) on.faults.clear();
  else if (api !== undefined)
    for (const fault of Array.isArray(api) ? (api as readonly Fault[]) : [api as Fault]) on.faults.add(fault);
  if (link === null) on.gateway.disturb({ sessions: 0 });
  else if (link !== undefined) {
    if (link.to !== undefined && link.to !== "new") checkSession(on.gateway, link.to);
    on.gateway.disturb(link);
  }
  if (gateway !== undefined) on.gateway.behave(withoutNull(gateway));
  if (transcripts !== undefined) on.agents.transcripts = transcripts ?? {};
  if (decrypt !== undefined) on.agents.decrypt = decrypt;
  if (handshake !== undefined) on.agents.handshake = handshake;
  if (flood !== undefined) on.agents.flood = flood ?? undefined;
  if (session !== undefined) act(session, on.gateway);
  if (agent !== undefined) await letAgentsDie(agent, on.tasks);
  if (task !== undefined) for (const one of chooseTasks(on.tasks, task.task)) await stop(one, task);
}

/** Ends all faults. Processes that were killed stay dead. */
export function calm(on: OrderTargets): void {
  on.faults.clear();
  on.gateway.calm();
  Object.assign(on.agents, noFaults());
}

function act(order: SessionOrder, gateway: Gateway): void {
  const { session = "open", text = "" } = order;
  checkSession(gateway, session);
  if (order.do === "cut") gateway.cut(session);
  else if (order.do === "silence") gateway.silence(session);
  else gateway.end(session, text);
}

async function letAgentsDie(
  { task, container, ...death }: AgentOrder,
  tasks: OrderTargets["tasks"],
): Promise<void> {
  const agents = chooseTasks(tasks, task).flatMap((one) =>
    [...one.agents].filter(([{ definition }]) => container === undefined || definition.name === container),
  );
  await Promise.all(agents.map(([, agent]) => agent.die(death)));
}

async function stop(task: Task, order: TaskOrder): Promise<void> {
  const { container, stopCode, stoppedReason = "Task stopped by user", abrupt = false } = order;
  if (stopCode !== undefined || container === undefined)
    task.stop(stopCode ?? "UserInitiated", stoppedReason, { abrupt });
  if (container === undefined) return;
  const found = task.containers.find(
    ({ definition }) => container.name === undefined || definition.name === container.name,
  );
  if (found === undefined) throw invalid(`the task has no container '${container.name ?? ""}'`);
  await found.kill(container);
}

function chooseTasks(tasks: OrderTargets["tasks"], which: string | undefined): Task[] {
  const found = [...tasks.values()].filter(({ arn, id, desiredStatus }) =>
    which === undefined ? desiredStatus === "RUNNING" : which === arn || which === id,
  );
  if (which !== undefined && found.length === 0) throw invalid(`there is no task '${which}'`);
  return found;
}

function checkSession(gateway: Gateway, which: string): void {
  if (which !== "open" && !gateway.sessions.some(({ sessionId }) => sessionId === which))
    throw invalid(`there is no session '${which}'`);
}

function withoutNull(ways: NonNullable<Orders["gateway"]>): Partial<GatewayBehaviour> {
  return Object.fromEntries(Object.entries(ways).map(([name, value]) => [name, value ?? undefined]));
}

function invalid(message: string): AwsError {
  return new AwsError("InvalidOrder", message);
}
