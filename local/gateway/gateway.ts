import { randomBytes } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { type WebSocket, WebSocketServer } from "ws";
import { readOpening } from "./frames.ts";
import { type GatewayBehaviour, usualBehaviour } from "./options.ts";
import { type AgentConnection, type AgentSide, GatewaySession } from "./session.ts";

export interface GatewayOptions extends Partial<GatewayBehaviour> {
  /** `ws://127.0.0.1:PORT`, asked for when a stream URL is made. */
  baseUrl: () => string;
  log?: (line: string) => void;
}

/** What ExecuteCommand gives out for a session. */
export interface SessionTicket {
  sessionId: string;
  streamUrl: string;
  tokenValue: string;
}

const PATH = /^\/v1\/data-channel\/([^/]+)$/;
/** How long a client may take to send its opening frame. */
const OPENING_LIMIT = 10_000;
const POLICY_VIOLATION = 1008;

/**
 * The message gateway (`ssmmessages`) for both ends of ECS Exec: clients come over real WebSockets, agents over
 * `connectAgent`. It relays frames and keeps none; AWS's own is closed source, so what it does beyond the
 * protocol is set by `GatewayBehaviour`.
 */
export class Gateway {
  readonly #server = new WebSocketServer({ noServer: true, clientTracking: true });
  readonly #sessions = new Map<string, GatewaySession>();
  readonly #behaviour: GatewayBehaviour;
  readonly #baseUrl: () => string;
  readonly #log: (line: string) => void;

  constructor(options: GatewayOptions) {
    const { baseUrl, log, ...behaviour } = options;
    this.#baseUrl = baseUrl;
    this.#log = log ?? (() => undefined);
    this.#behaviour = { ...usualBehaviour, ...behaviour };
  }

  createSession(): SessionTicket {
    const sessionId = `ecs-execute-command-${lowerAlphanumeric(26)}`;
    const session = new GatewaySession(sessionId, this.#behaviour, this.#log);
    this.#sessions.set(sessionId, session);
    const cell = encodeURIComponent(randomBytes(24).toString("base64"));
    const streamUrl = `${this.#baseUrl()}/v1/data-channel/${sessionId}?role=publish_subscribe&cell-number=${cell}`;
    return { sessionId, streamUrl, tokenValue: session.newToken() };
  }

  /** A new token as of SSM ResumeSession; undefined when the session is unknown, over, or can't be resumed. */
  resumeSession(sessionId: string): string | undefined {
    const session = this.#sessions.get(sessionId);
    return session === undefined || session.ended || !this.#behaviour.resumable
      ? undefined
      : session.newToken();
  }

  /** As of SSM TerminateSession; false when the session is unknown. */
  terminateSession(sessionId: string): boolean {
    const session = this.#sessions.get(sessionId);
    session?.terminate();
    return session !== undefined;
  }

  /** Cuts the client's connection of a session, as a network does. */
  cut(sessionId: string): void {
    this.#sessions.get(sessionId)?.cut();
  }

  /** Undefined when the session is unknown or over: the agent gives it up. */
  connectAgent(sessionId: string, agent: AgentSide): AgentConnection | undefined {
    const session = this.#sessions.get(sessionId);
    return session === undefined || session.ended ? undefined : session.connectAgent(agent);
  }

  /** The agent's last word on a session, over its control channel. */
  completeTask(sessionId: string, output: string): void {
    this.#sessions.get(sessionId)?.end(output);
  }

  /** The task stopped under the session: no last word. */
  loseAgent(sessionId: string): void {
    this.#sessions.get(sessionId)?.loseAgent();
  }

  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const url = new URL(request.url ?? "/", "http://gateway");
    const session = this.#sessions.get(PATH.exec(url.pathname)?.[1] ?? "");
    if (session === undefined || url.searchParams.get("role") !== "publish_subscribe") {
      refuse(socket, "404 Not Found");
    } else if (this.#behaviour.requireSignature && !isSigned(request, url)) {
      refuse(socket, "403 Forbidden");
    } else {
      this.#server.handleUpgrade(request, socket, head, (client) => this.#greet(session, client));
    }
  }

  close(): void {
    for (const session of this.#sessions.values()) session.close();
    for (const client of this.#server.clients) client.terminate();
    this.#server.close();
  }

  #greet(session: GatewaySession, client: WebSocket): void {
    const timer = setTimeout(() => client.close(POLICY_VIOLATION, "no opening frame"), OPENING_LIMIT);
    client.on("error", (error) => this.#log(`gateway: ${session.sessionId}: ${error.message}`));
    client.once("close", () => clearTimeout(timer));
    client.once("message", (data: Buffer, isBinary: boolean) => {
      clearTimeout(timer);
      const opening = isBinary
        ? { wrong: "the opening frame is not text" }
        : readOpening(data.toString("utf8"));
      const wrong = "wrong" in opening ? opening.wrong : this.#admit(session, opening.token);
      if (wrong === undefined) {
        session.connectClient(client);
        return;
      }
      this.#log(`gateway: ${session.sessionId}: client refused: ${wrong}`);
      client.close(POLICY_VIOLATION, wrong);
    });
  }

  /** What speaks against a client with this token. */
  #admit(session: GatewaySession, token: string): string | undefined {
    if (!session.tokens.has(token)) return "the token is not valid";
    if (!session.open) return "the session is over";
    if (!this.#behaviour.reuseTokens) session.tokens.delete(token);
    return undefined;
  }
}

function refuse(socket: Duplex, status: string): void {
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}

/** Only that there is a signature for the service: its key is not known here. */
function isSigned(request: IncomingMessage, url: URL): boolean {
  const scope = url.searchParams.get("X-Amz-Credential") ?? request.headers.authorization ?? "";
  return /\/ssmmessages\/aws4_request\b/.test(scope);
}

function lowerAlphanumeric(length: number): string {
  const alphabet = "abcdefghijklmnopqrstuvwxyz0123456789";
  return Array.from(randomBytes(length), (byte) => alphabet.charAt(byte % alphabet.length)).join("");
}
