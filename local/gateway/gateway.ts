import { randomBytes } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { type WebSocket, WebSocketServer } from "ws";
import { readOpening } from "./frames.ts";
import type { LinkFaults, LinkOrder } from "./link-faults.ts";
import { type GatewayBehaviour, usualBehaviour } from "./options.ts";
import { type AgentConnection, type AgentSide, GatewaySession, type SessionView } from "./session.ts";
import { signatureOf } from "../sigv4.ts";
import { type Signers, wrongSignature } from "./signature.ts";

export interface GatewayOptions extends Partial<GatewayBehaviour> {
  /** `ws://127.0.0.1:PORT`; called for each new stream URL. */
  baseUrl: () => string;
  /** The signers that `requireSignature` accepts; none unless given. */
  signers?: Signers;
  log?: (line: string) => void;
}

/** The part of ExecuteCommand's answer that opens a session. */
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
 * The message gateway (`ssmmessages`) for both ends of ECS Exec: clients connect by real WebSockets, agents by
 * `connectAgent`. It relays frames and keeps none. AWS's own gateway is closed source, so its behaviour beyond the
 * protocol is set by `GatewayBehaviour`.
 */
export class Gateway {
  readonly #server = new WebSocketServer({ noServer: true, clientTracking: true });
  readonly #sessions = new Map<string, GatewaySession>();
  readonly #behaviour: GatewayBehaviour;
  readonly #atFirst: GatewayBehaviour;
  readonly #baseUrl: () => string;
  readonly #signers: Signers;
  readonly #log: (line: string) => void;
  /** The faults of sessions to come, and the number of sessions that will still get them. */
  #faults: LinkFaults = {};
  #faulty = 0;

  constructor(options: GatewayOptions) {
    const { baseUrl, signers, log, ...behaviour } = options;
    this.#baseUrl = baseUrl;
    this.#signers = signers ?? { region: "us-east-1", secretOf: () => undefined };
    this.#log = log ?? (() => undefined);
    this.#behaviour = { ...usualBehaviour, ...behaviour };
    this.#atFirst = { ...this.#behaviour };
  }

  get behaviour(): GatewayBehaviour {
    return this.#behaviour;
  }

  /** Changes its behaviour. */
  behave(changes: Partial<GatewayBehaviour>): void {
    Object.assign(this.#behaviour, changes);
  }

  /** Begins network faults, for sessions to come or for open ones. */
  disturb({ to = "new", sessions = Infinity, ...faults }: LinkOrder): void {
    if (to === "new") {
      this.#faults = faults;
      this.#faulty = sessions;
      return;
    }
    for (const session of this.#open(to)) session.disturb(faults);
  }

  /** Ends the faults of all sessions, open ones and those to come, and restores the behaviour that the gateway began with. */
  calm(): void {
    this.disturb({ sessions: 0 });
    this.disturb({ to: "open" });
    this.behave(this.#atFirst);
  }

  /** All sessions so far, in the order of their creation. */
  get sessions(): SessionView[] {
    return [...this.#sessions.values()].map(({ view }) => view);
  }

  /** Creates a session. `target` is its `Target` in DescribeSessions, which names the container. */
  createSession(target = ""): SessionTicket {
    const sessionId = `ecs-execute-command-${lowerAlphanumeric(26)}`;
    const session = new GatewaySession({ sessionId, target }, this.#behaviour, this.#nextFaults(), this.#log);
    this.#sessions.set(sessionId, session);
    return this.#ticket(session);
  }

  /** SSM's ResumeSession: a new URL and a new token, which may be empty; undefined when the session is unknown or over. */
  resumeSession(sessionId: string): SessionTicket | undefined {
    const session = this.#sessions.get(sessionId);
    if (session === undefined || session.ended) return undefined;
    const { resume } = this.#behaviour;
    if (resume === "empty") return { ...this.#ticket(session), tokenValue: "" };
    return resume === "token" ? this.#ticket(session) : undefined;
  }

  /** SSM's TerminateSession; false when the session is unknown. */
  terminateSession(sessionId: string): boolean {
    const session = this.#sessions.get(sessionId);
    session?.terminate();
    return session !== undefined;
  }

  /** Cuts a session's connection to its client, as a network failure does. `open` in place of an id means all open sessions. */
  cut(sessionId: string): void {
    for (const session of this.#open(sessionId)) session.cut();
  }

  /** Silences a session's connection to its client: the socket stays open and carries nothing. */
  silence(sessionId: string): void {
    for (const session of this.#open(sessionId)) session.silence();
  }

  /** Ends a session on both sides with a text, as the service itself may do. */
  end(sessionId: string, output: string): void {
    for (const session of this.#open(sessionId)) session.terminate(output);
  }

  /** Connects an agent. Undefined when the session is unknown or over; then the agent gives up. */
  connectAgent(sessionId: string, agent: AgentSide): AgentConnection | undefined {
    const session = this.#sessions.get(sessionId);
    return session === undefined || session.ended ? undefined : session.connectAgent(agent);
  }

  /** The agent's report on a finished session, over its control channel. */
  completeTask(sessionId: string, output: string): void {
    this.#sessions.get(sessionId)?.end(output);
  }

  /** Called when the task has stopped, so that the agent sends no report. */
  loseAgent(sessionId: string): void {
    this.#sessions.get(sessionId)?.loseAgent();
  }

  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const { url: target = "/" } = request;
    const url = new URL(target, "http://gateway");
    const session = this.#sessions.get(PATH.exec(url.pathname)?.[1] ?? "");
    const connections = session?.paths.get(withoutSignature(target));
    if (session === undefined || connections === undefined) {
      this.#log(`gateway: upgrade refused: no session was given the URL ${target}`);
      refuse(socket, "404 Not Found");
      return;
    }
    void this.#refusal(request.headers, url, session.sessionId).then((why) => {
      if (why === undefined) {
        const deaf = connections > 0 && this.#behaviour.usedUrl === "deaf";
        session.paths.set(withoutSignature(target), connections + 1);
        this.#server.handleUpgrade(request, socket, head, (client) => this.#greet(session, client, deaf));
        return;
      }
      this.#log(`gateway: ${session.sessionId}: upgrade refused: ${why}`);
      refuse(socket, "403 Forbidden");
    });
  }

  /** Why an upgrade is refused: for its signature or its signer's rights. Undefined if it is not refused. */
  async #refusal(
    headers: IncomingMessage["headers"],
    url: URL,
    sessionId: string,
  ): Promise<string | undefined> {
    const { requireSignature, requireRight } = this.#behaviour;
    const given = signatureOf(headers, `${url.pathname}${url.search}`);
    const looks = requireSignature || (requireRight && given !== undefined);
    const wrong = looks ? wrongSignature(headers, url, this.#signers, Date.now()) : undefined;
    if (wrong !== undefined || !requireRight || given === undefined) return wrong;
    const may = (await this.#signers.canOpen?.(given.accessKeyId, sessionId)) ?? true;
    return may ? undefined : "its signer may not open the channel";
  }

  close(): void {
    for (const session of this.#sessions.values()) session.close();
    for (const client of this.#server.clients) client.terminate();
    this.#server.close();
  }

  /** A ticket for one client, with a URL that no other client has. */
  #ticket(session: GatewaySession): SessionTicket {
    const { sessionId } = session;
    const path = `/v1/data-channel/${sessionId}?role=publish_subscribe&cell-number=${cellNumber()}`;
    session.paths.set(path, 0);
    return { sessionId, streamUrl: this.#baseUrl() + path, tokenValue: session.newToken() };
  }

  #open(which: string): GatewaySession[] {
    return [...this.#sessions.values()].filter(
      ({ sessionId, ended }) => sessionId === which || (which === "open" && !ended),
    );
  }

  #nextFaults(): LinkFaults {
    if (this.#faulty < 1) return {};
    this.#faulty -= 1;
    const faults = this.#faults;
    const seed = faults.seed ?? 1;
    this.#faults = { ...faults, seed: seed + 1 };
    return { ...faults, seed };
  }

  #greet(session: GatewaySession, client: WebSocket, deaf: boolean): void {
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
        session.connectClient(client, deaf);
        return;
      }
      this.#log(`gateway: ${session.sessionId}: client refused: ${wrong}`);
      client.close(POLICY_VIOLATION, wrong);
    });
  }

  /** Why a client with this token is refused; undefined if it is not refused. */
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

/**
 * A cell number in raw base64, as AWS's gateway gives it. It always has `+`, `/` and `=`, so that a client that can't take these
 * characters always fails.
 */
function cellNumber(): string {
  return Buffer.concat([Buffer.from("+/+/", "base64"), randomBytes(22)]).toString("base64");
}

/** The path and query as they were given out, without the parameters that presigning has added. */
function withoutSignature(target: string): string {
  return target.replace(/&X-Amz-.*$/, "");
}

function lowerAlphanumeric(length: number): string {
  const alphabet = "abcdefghijklmnopqrstuvwxyz0123456789";
  return Array.from(randomBytes(length), (byte) => alphabet.charAt(byte % alphabet.length)).join("");
}
