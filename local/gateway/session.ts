import { randomBytes, randomUUID } from "node:crypto";
import type WebSocket from "ws";
import { MessageType } from "../../src/session/wire/message.ts";
import { channelClosed, isTyped, messageTypeOf, publication } from "./frames.ts";
import { TwoWayLink } from "./two-way-link.ts";
import type { Direction } from "./link.ts";
import type { LinkFaults } from "./link-faults.ts";
import type { GatewayBehaviour } from "./options.ts";

/** The agent's end of its connection, as the gateway sees it. */
export interface AgentSide {
  receive(frame: Uint8Array): void;
  /** Ends the session by the control channel, even while its data channel is blocked. */
  terminate(): void;
}

/** The gateway's end of an agent's connection. */
export interface AgentConnection {
  send(frame: Uint8Array): void;
  close(): void;
}

/** A session's state, for tests. */
export interface SessionView {
  readonly sessionId: string;
  /** `ecs:<cluster>_<task>_<runtime id>`; empty for a session without a container. */
  readonly target: string;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  readonly endedAt: number | undefined;
  /** How many connections its clients have made so far, and how many of these were cut or silenced. */
  readonly connections: number;
  readonly cuts: number;
  /** Binary frames that the clients' connections carried, and their bytes. */
  readonly frames: Readonly<Record<Direction, number>>;
  readonly bytes: Readonly<Record<Direction, number>>;
  /** How many messages for the command's terminal its clients have sent. */
  readonly typed: number;
  readonly connected: boolean;
  readonly ended: boolean;
}

const IDLE_TEXT = "Your session timed out due to inactivity.";
/** How long a client may take to close its socket after `channel_closed`. */
const CLOSE_LIMIT = 5000;

/** One session: it relays frames between a client and an agent until it ends. Both may connect more than once. */
export class GatewaySession {
  readonly sessionId: string;
  readonly target: string;
  readonly createdAt = Date.now();
  readonly tokens = new Set<string>();
  /** Path and query of each URL that was given out, and how many connections were made by it. */
  readonly paths = new Map<string, number>();
  readonly #behaviour: GatewayBehaviour;
  readonly #log: (line: string) => void;
  readonly #destinationId = randomUUID();
  readonly #line: TwoWayLink;
  readonly #frames: Record<Direction, number> = { "to-agent": 0, "to-client": 0 };
  readonly #bytes: Record<Direction, number> = { "to-agent": 0, "to-client": 0 };
  /** Clients' connections that were silenced without telling either side. */
  readonly #silent = new WeakSet<WebSocket>();
  /** Clients' connections that are open and carry nothing. */
  readonly #deaf = new WeakSet<WebSocket>();
  #typed = 0;
  #connections = 0;
  #cutSoFar = 0;
  #client: WebSocket | undefined;
  #agent: AgentSide | undefined;
  #endedAt: number | undefined;
  /** The frame that tells the session's end, until a client has got it. */
  #unsentEnd: Uint8Array | undefined;
  #paused = false;
  #pauseTimer: NodeJS.Timeout | undefined;
  #idleTimer: NodeJS.Timeout | undefined;
  readonly #lifeTimer: NodeJS.Timeout | undefined;

  constructor(
    { sessionId, target }: Pick<SessionView, "sessionId" | "target">,
    behaviour: GatewayBehaviour,
    faults: LinkFaults,
    log: (line: string) => void,
  ) {
    this.sessionId = sessionId;
    this.target = target;
    this.#behaviour = behaviour;
    this.#log = (line) => log(`gateway: ${sessionId}: ${line}`);
    const ends = {
      "to-client": (frame: Uint8Array): void => this.#deliverToClient(frame),
      "to-agent": (frame: Uint8Array): void => this.#agent?.receive(frame),
    };
    this.#line = new TwoWayLink(behaviour.link, ends, faults);
    const { lifeLimit } = behaviour;
    if (lifeLimit !== undefined) this.#lifeTimer = setTimeout(() => this.terminate(), lifeLimit).unref();
    this.#noteActivity();
  }

  get ended(): boolean {
    return this.#endedAt !== undefined;
  }

  /** Whether a client may still connect. */
  get open(): boolean {
    return !this.ended || (this.#unsentEnd !== undefined && this.#behaviour.lateClient === "told");
  }

  get view(): SessionView {
    return {
      sessionId: this.sessionId,
      target: this.target,
      createdAt: this.createdAt,
      endedAt: this.#endedAt,
      connections: this.#connections,
      cuts: this.#cutSoFar,
      frames: { ...this.#frames },
      bytes: { ...this.#bytes },
      typed: this.#typed,
      connected: this.#client !== undefined,
      ended: this.ended,
    };
  }

  newToken(): string {
    const token = `AAEAA${randomBytes(120).toString("base64url")}`;
    this.tokens.add(token);
    return token;
  }

  /** Makes this the session's connection. The newest connection counts, even a deaf one, which carries nothing. */
  connectClient(socket: WebSocket, deaf = false): void {
    // A silenced connection is not told that there is a new one.
    if (this.#client !== undefined && !this.#silent.has(this.#client)) this.#client.terminate();
    this.#client = socket;
    if (deaf) this.#deaf.add(socket);
    this.#connections += 1;
    const { connectionLimit } = this.#behaviour;
    const limit =
      connectionLimit === undefined ? undefined : setTimeout(() => socket.terminate(), connectionLimit);
    socket.on("message", (data: Buffer, isBinary: boolean) => {
      if (isBinary && this.#client === socket && this.#isUsable(socket)) this.#fromClient(data);
    });
    socket.on("close", () => {
      clearTimeout(limit);
      if (this.#client !== socket) return;
      this.#client = undefined;
      this.#line.cuts.disconnected();
    });
    clearTimeout(this.#pauseTimer);
    this.#pauseTimer = undefined;
    if (this.#paused) this.#line.pass("to-agent", publication("start"));
    this.#paused = false;
    this.#line.cuts.connected((how) => this.#strike(how));
    this.#sendEnd();
  }

  connectAgent(agent: AgentSide): AgentConnection {
    this.#agent = agent;
    return {
      send: (frame) => {
        if (this.#agent === agent) this.#fromAgent(frame);
      },
      close: () => {
        if (this.#agent === agent) this.#agent = undefined;
      },
    };
  }

  /** Called when the task is gone, and with it the agent. */
  loseAgent(): void {
    this.#agent = undefined;
    this.#log("the agent is gone");
    if (this.#behaviour.announceLostAgent) this.end("");
  }

  /** Ends the session from outside, as SSM's TerminateSession and the idle limit do. The agent kills the command. */
  terminate(output = ""): void {
    this.#line.pass("to-agent", channelClosed(this.sessionId, this.#destinationId, output));
    this.#agent?.terminate();
    this.end(output);
  }

  /** Replaces the faults, including those of the present connection. */
  disturb(faults: LinkFaults): void {
    this.#line.disturb(faults);
    if (this.#client !== undefined) this.#line.cuts.connected((how) => this.#strike(how));
  }

  /** Cuts the client's connection, as a network failure does. */
  cut(): void {
    this.#strike("reset");
  }

  /** Silences the client's connection: its socket stays open at both ends, and carries nothing, not even a pong. */
  silence(): void {
    this.#strike("silent");
  }

  /** Tells the client that the session is over; it can't be opened again. */
  end(output: string): void {
    if (this.ended) return;
    this.#endedAt = Date.now();
    this.#unsentEnd = channelClosed(this.sessionId, this.#destinationId, output);
    this.#stopTimers();
    this.#sendEnd();
  }

  close(): void {
    this.#endedAt ??= Date.now();
    this.#stopTimers();
    this.#line.close();
    this.#client?.terminate();
  }

  #isUsable(client: WebSocket): boolean {
    return client.readyState === client.OPEN && !this.#silent.has(client) && !this.#deaf.has(client);
  }

  #strike(how: "reset" | "silent"): void {
    const client = this.#client;
    if (client === undefined) return;
    this.#cutSoFar += 1;
    this.#log(how === "reset" ? "the client's connection is cut" : "the client's connection falls silent");
    if (how === "reset") {
      client.terminate();
    } else {
      this.#silent.add(client);
      client.pause();
    }
  }

  #sendEnd(): void {
    const client = this.#client;
    if (this.#unsentEnd === undefined || client === undefined || this.#deaf.has(client)) return;
    this.#line.pass("to-client", this.#unsentEnd);
    this.#unsentEnd = undefined;
    setTimeout(() => {
      if (!this.#silent.has(client)) client.close();
    }, CLOSE_LIMIT).unref();
  }

  #fromClient(frame: Buffer): void {
    if (messageTypeOf(frame) === MessageType.input && this.#behaviour.idleResetBy !== "output")
      this.#noteActivity();
    if (isTyped(frame)) this.#typed += 1;
    this.#line.pass("to-agent", frame);
    this.#count("to-agent", frame);
  }

  #fromAgent(frame: Uint8Array): void {
    const messageType = messageTypeOf(frame);
    if (messageType === MessageType.agentSessionState) {
      const terminating = Buffer.from(frame).includes('"Terminating"');
      if (terminating && this.#behaviour.closeOn === "terminating") this.end("");
      return;
    }
    if (this.ended) return;
    if (messageType === MessageType.output && this.#behaviour.idleResetBy !== "input") this.#noteActivity();
    if (this.#client === undefined) this.#pauseSoon();
    this.#line.pass("to-client", frame);
  }

  /** Frames for an absent client are lost here. The agent still has them. */
  #deliverToClient(frame: Uint8Array): void {
    const client = this.#client;
    if (client === undefined || !this.#isUsable(client)) return;
    client.send(frame, { binary: true });
    this.#count("to-client", frame);
  }

  #count(direction: Direction, frame: Uint8Array): void {
    this.#frames[direction] += 1;
    this.#bytes[direction] += frame.length;
    this.#line.cuts.passed(direction, frame.length);
  }

  #pauseSoon(): void {
    const { pauseAfter } = this.#behaviour;
    if (pauseAfter === undefined || this.#pauseTimer !== undefined) return;
    this.#pauseTimer = setTimeout(() => {
      this.#pauseTimer = undefined;
      if (this.#client !== undefined) return;
      this.#paused = true;
      this.#line.pass("to-agent", publication("pause"));
    }, pauseAfter);
  }

  #noteActivity(): void {
    const { idleLimit } = this.#behaviour;
    if (idleLimit === undefined || this.ended) return;
    if (this.#idleTimer !== undefined) this.#idleTimer.refresh();
    else this.#idleTimer = setTimeout(() => this.terminate(IDLE_TEXT), idleLimit).unref();
  }

  #stopTimers(): void {
    clearTimeout(this.#pauseTimer);
    clearTimeout(this.#idleTimer);
    clearTimeout(this.#lifeTimer);
  }
}
