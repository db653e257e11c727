import { randomBytes, randomUUID } from "node:crypto";
import type WebSocket from "ws";
import { MessageType } from "../../src/channel/message.ts";
import { channelClosed, messageTypeOf, publication } from "./frames.ts";
import type { Link } from "./link.ts";
import type { GatewayBehaviour } from "./options.ts";

/** The agent's end of its connection, as the gateway sees it. */
export interface AgentSide {
  receive(frame: Uint8Array): void;
  /** The control channel's way to end a session, which no blocked data channel can hold up. */
  terminate(): void;
}

/** What the gateway gives an agent that connects. */
export interface AgentConnection {
  send(frame: Uint8Array): void;
  close(): void;
}

const IDLE_TEXT = "Your session timed out due to inactivity.";
/** How long a client may take to close its socket after `channel_closed`. */
const FAREWELL = 5000;

/** One session: a client and an agent that come and go, the frames between them, and its end. */
export class GatewaySession {
  readonly sessionId: string;
  readonly tokens = new Set<string>();
  readonly #behaviour: GatewayBehaviour;
  readonly #log: (line: string) => void;
  readonly #destinationId = randomUUID();
  readonly #toClient: Link;
  readonly #toAgent: Link;
  #client: WebSocket | undefined;
  #agent: AgentSide | undefined;
  #ended = false;
  /** The end that no client has heard of. */
  #news: Uint8Array | undefined;
  #paused = false;
  #pauseTimer: NodeJS.Timeout | undefined;
  #idleTimer: NodeJS.Timeout | undefined;

  constructor(sessionId: string, behaviour: GatewayBehaviour, log: (line: string) => void) {
    this.sessionId = sessionId;
    this.#behaviour = behaviour;
    this.#log = (line) => log(`gateway: ${sessionId}: ${line}`);
    this.#toClient = behaviour.link("to-client", (frame) => this.#deliverToClient(frame));
    this.#toAgent = behaviour.link("to-agent", (frame) => this.#agent?.receive(frame));
    this.#alive();
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** Whether there is anything left for a client. */
  get open(): boolean {
    return !this.#ended || (this.#news !== undefined && this.#behaviour.lateClient === "told");
  }

  newToken(): string {
    const token = `AAEAA${randomBytes(120).toString("base64url")}`;
    this.tokens.add(token);
    return token;
  }

  /** The newest connection is the one that counts. */
  connectClient(socket: WebSocket): void {
    this.#client?.terminate();
    this.#client = socket;
    const { connectionLimit } = this.#behaviour;
    const limit =
      connectionLimit === undefined ? undefined : setTimeout(() => socket.terminate(), connectionLimit);
    socket.on("message", (data: Buffer, isBinary: boolean) => {
      if (isBinary && this.#client === socket) this.#fromClient(data);
    });
    socket.on("close", () => {
      clearTimeout(limit);
      if (this.#client === socket) this.#client = undefined;
    });
    clearTimeout(this.#pauseTimer);
    this.#pauseTimer = undefined;
    if (this.#paused) this.#toAgent.pass(publication("start"));
    this.#paused = false;
    this.#tell();
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

  /** The task is gone, and with it the agent. */
  loseAgent(): void {
    this.#agent = undefined;
    this.#log("the agent is gone");
    if (this.#behaviour.announceLostAgent) this.end("");
  }

  /** Ends the session from outside: SSM TerminateSession, the idle limit. The agent kills the command. */
  terminate(output = ""): void {
    this.#toAgent.pass(channelClosed(this.sessionId, this.#destinationId, output));
    this.#agent?.terminate();
    this.end(output);
  }

  /** Cuts the client's connection, as a network does. */
  cut(): void {
    this.#client?.terminate();
  }

  /** Tells the client that the session is over; it can't be opened again. */
  end(output: string): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#news = channelClosed(this.sessionId, this.#destinationId, output);
    this.#stopTimers();
    this.#tell();
  }

  close(): void {
    this.#ended = true;
    this.#stopTimers();
    this.#client?.terminate();
  }

  #tell(): void {
    const client = this.#client;
    if (this.#news === undefined || client === undefined) return;
    this.#toClient.pass(this.#news);
    this.#news = undefined;
    setTimeout(() => client.close(), FAREWELL).unref();
  }

  #fromClient(frame: Buffer): void {
    if (messageTypeOf(frame) === MessageType.input && this.#behaviour.idleResetBy !== "output") this.#alive();
    this.#toAgent.pass(frame);
  }

  #fromAgent(frame: Uint8Array): void {
    const messageType = messageTypeOf(frame);
    if (messageType === MessageType.agentSessionState) {
      const terminating = Buffer.from(frame).includes('"Terminating"');
      if (terminating && this.#behaviour.closeOn === "terminating") this.end("");
      return;
    }
    if (this.#ended) return;
    if (messageType === MessageType.output && this.#behaviour.idleResetBy !== "input") this.#alive();
    if (this.#client === undefined) this.#pauseSoon();
    this.#toClient.pass(frame);
  }

  /** Frames for a client that is not there are lost: the agent has them still. */
  #deliverToClient(frame: Uint8Array): void {
    this.#client?.send(frame, { binary: true });
  }

  #pauseSoon(): void {
    const { pauseAfter } = this.#behaviour;
    if (pauseAfter === undefined || this.#pauseTimer !== undefined) return;
    this.#pauseTimer = setTimeout(() => {
      this.#pauseTimer = undefined;
      if (this.#client !== undefined) return;
      this.#paused = true;
      this.#toAgent.pass(publication("pause"));
    }, pauseAfter);
  }

  #alive(): void {
    const { idleLimit } = this.#behaviour;
    if (idleLimit === undefined || this.#ended) return;
    if (this.#idleTimer !== undefined) this.#idleTimer.refresh();
    else this.#idleTimer = setTimeout(() => this.terminate(IDLE_TEXT), idleLimit).unref();
  }

  #stopTimers(): void {
    clearTimeout(this.#pauseTimer);
    clearTimeout(this.#idleTimer);
  }
}
