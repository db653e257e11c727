import { between, type Random, randomBuffer } from "../random.ts";
import { Host } from "../time.ts";
import { AwsError } from "./aws-error.ts";
import type { Base } from "./base.ts";
import { Frames } from "./frames.ts";
import type { SessionLogs } from "./session-logs.ts";
import type { Client, SessionAgent, SessionRecord } from "./session.ts";

/** Session Manager closes each connection after about 60 minutes. */
const LONGEST_CONNECTION_MS = 3_600_000;
/** A session in which nothing moves ends after this time. */
const IDLE_MS = 1_200_000;
const DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz";

/** The message gateway with the sessions of Session Manager. */
export class Gateway {
  readonly sessions = new Map<string, SessionRecord>();
  /** The most sessions that runners had at once in each container, by its target. */
  readonly mostOfOurs = new Map<string, number>();
  readonly frames: Frames;
  /** Where an agent is told to log its sessions. */
  readonly logs: SessionLogs;
  readonly #base: Base;
  readonly #random: Random;

  constructor(base: Base, logs: SessionLogs) {
    this.#base = base;
    this.logs = logs;
    this.#random = base.random("gateway");
    this.frames = new Frames(base.random("frames"), () => base.time.now);
  }

  /** Begins a session. ECS has checked that the agent takes one. */
  begin(owner: string, agent: SessionAgent, command: string): { record: SessionRecord; token: string } {
    const { time, timeline } = this.#base;
    const id = `ecs-execute-command-${Array.from({ length: 26 }, () => DIGITS[between(this.#random, 0, 35)]).join("")}`;
    const token = this.#newToken();
    const record: SessionRecord = {
      ...{ id, owner, target: agent.target, command, begun: time.now, agent },
      ...{
        openedAt: undefined,
        ended: undefined,
        tokens: new Set([token]),
        client: undefined,
        hadClient: false,
        worker: undefined,
        process: undefined,
        overAt: undefined,
        movedAt: time.now,
        isBereft: false,
      },
    };
    this.sessions.set(id, record);
    const ours = this.active(agent.target).filter((each) => each.owner.startsWith("runner"));
    this.mostOfOurs.set(agent.target, Math.max(this.mostOfOurs.get(agent.target) ?? 0, ours.length));
    timeline.note("world", `session ${short(id)} for ${owner}`);
    agent.open(record);
    this.#watchIdleness(record);
    return { record, token };
  }

  streamUrl(id: string): string {
    return `wss://ssmmessages.eu-west-1.amazonaws.com/v1/data-channel/${id}?role=publish_subscribe`;
  }

  /** A client has sent its opening frame. False for a token that is not taken. */
  connect(id: string, token: string, client: Client): boolean {
    const record = this.sessions.get(id);
    if (record?.tokens.has(token) !== true) return false;
    if (record.ended !== undefined) {
      client.send(this.frames.closed(id, ""));
      return true;
    }
    record.client?.close(1000, "another client has connected");
    record.client = client;
    record.hadClient = true;
    record.worker?.resume();
    this.#base.time.after(this.#base.host, LONGEST_CONNECTION_MS, () => {
      if (record.client === client) client.close(1000, "Bye");
    });
    return true;
  }

  disconnect(id: string, client: Client): void {
    const record = this.sessions.get(id);
    if (record?.client !== client) return;
    record.client = undefined;
  }

  /** A frame of the client. */
  up(id: string, frame: Uint8Array): void {
    this.#move(id)?.worker?.receive(frame);
  }

  /** A frame of the agent. It is lost when there is no client. */
  down(id: string, frame: Uint8Array): void {
    const record = this.#move(id);
    if (record?.client !== undefined) record.client.send(frame);
    else if (record !== undefined) this.#pauseSoon(record);
  }

  /** The agent has ended the session. */
  end(record: SessionRecord, output: string): void {
    if (record.ended !== undefined) return;
    record.ended = this.#base.time.now;
    this.#base.timeline.note("world", `session ${short(record.id)} has ended`);
    record.client?.send(this.frames.closed(record.id, output));
  }

  /** SSM ResumeSession: a new token; undefined for a session that is over. */
  resume(id: string): string | undefined {
    const record = this.sessions.get(id);
    if (record === undefined)
      throw new AwsError("DoesNotExistException", 400, `Session ${id} does not exist`);
    if (record.ended !== undefined) return undefined;
    const token = this.#newToken();
    record.tokens.add(token);
    return token;
  }

  /** SSM TerminateSession. */
  terminate(id: string): void {
    const record = this.sessions.get(id);
    if (record === undefined || record.ended !== undefined) return;
    if (record.worker === undefined) record.agent.forget(record);
    else record.worker.terminate();
    this.end(record, "");
  }

  /** The sessions of a target that have not ended. */
  active(target: string): readonly SessionRecord[] {
    return [...this.sessions.values()].filter((each) => each.target === target && each.ended === undefined);
  }

  /** The session in which a frame has come. */
  #move(id: string): SessionRecord | undefined {
    const record = this.sessions.get(id);
    if (record !== undefined) record.movedAt = this.#base.time.now;
    return record;
  }

  /** Pauses the agent when it goes on to send what no client hears. */
  #pauseSoon(record: SessionRecord): void {
    this.#base.time.after(this.#base.host, this.#base.options.pausesAfter, () => {
      if (record.client === undefined && record.ended === undefined) record.worker?.pause();
    });
  }

  /** Ends a session in which nothing moves. */
  #watchIdleness(record: SessionRecord): void {
    const host = new Host("idleness", this.#base.host);
    const stop = this.#base.time.every(host, 60_000, () => {
      if (record.ended !== undefined) stop();
      else if (this.#base.time.now - record.movedAt >= IDLE_MS) {
        record.worker?.terminate();
        this.end(record, "Your session timed out due to inactivity.");
      }
    });
  }

  #newToken(): string {
    return `token-${randomBuffer(this.#random, 16).toString("hex")}`;
  }
}

/** The end of a session's id, for the timeline. */
export function short(id: string): string {
  return id.slice(-6);
}
