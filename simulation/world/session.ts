import type { Host } from "../time.ts";

/** A session as the service keeps it: between ExecuteCommand and its end. */
export interface SessionRecord {
  readonly id: string;
  /** The runner that has asked for it, or a colleague. */
  readonly owner: string;
  readonly target: string;
  readonly command: string;
  readonly begun: number;
  readonly agent: SessionAgent;
  /** When the agent has opened it, which is later when it was in line. */
  openedAt: number | undefined;
  ended: number | undefined;
  /** The tokens with which a client may open the channel. */
  readonly tokens: Set<string>;
  /** The client that is connected. */
  client: Client | undefined;
  /** Had a client at some time. */
  hadClient: boolean;
  /** The agent's end, once the agent has opened the session. */
  worker: Worker | undefined;
  /** The first process of its command. */
  process: Host | undefined;
  /** When the last frame came, from either end, or the session began. */
  movedAt: number;
  /** When its command was over. The session may go on for the upload of its log. */
  overAt: number | undefined;
  /** A fault has killed that process. */
  isBereft: boolean;
}

/** The end of a session in the agent. */
export interface Worker {
  /** A frame of the client has come. */
  receive(frame: Uint8Array): void;
  /** The gateway asks the agent to stop sending. */
  pause(): void;
  /** The gateway asks the agent to go on. */
  resume(): void;
  /** Ends the session: its command is killed. */
  terminate(): void;
  /** The agent is gone, and the command with it. */
  vanish(): void;
}

/** The client's end of a socket, as the gateway sees it. */
export interface Client {
  readonly actor: string;
  readonly host: Host;
  /** A frame for the client, which arrives after the network's delay. */
  send(frame: Uint8Array | string): void;
  /** The connection ends. `code` is undefined when it is cut. */
  close(code: number | undefined, reason: string): void;
}

/** The exec agent of a container, as the gateway and the rules see it. */
export interface SessionAgent {
  readonly target: string;
  /** A session too many has blocked it for good. */
  readonly isBlocked: boolean;
  readonly isDead: boolean;
  /** A session is to be opened. */
  open(record: SessionRecord): void;
  /** A queued session is over. */
  forget(record: SessionRecord): void;
}
