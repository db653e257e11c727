import type { Agent } from "node:http";
import type { Duplex, Transform } from "node:stream";
import type { Clock } from "../clock.ts";
import type { AwsServices, ServiceOptions } from "./services.ts";

/** What a step reaches and no input decides. A simulation hands out its own. */
export interface World {
  /** The time and the randomness. */
  readonly clock: Clock;
  /** The variables of the process. */
  readonly env: NodeJS.ProcessEnv;
  readonly services: (options: ServiceOptions) => AwsServices;
  readonly openSocket: OpenSocket;
  readonly ports: LocalPorts;
  /** Unpacks a stream of gzip, one that is cut short as far as it goes. */
  readonly gunzip: () => Transform;
  /** The lock of this name among the processes of the machine. Fails when the machine has no place for it. */
  readonly machineLock: (name: string, clock: Clock) => Promise<LockPlace>;
}

/** The ports of this machine, at which its programs connect. */
export interface LocalPorts {
  /** Our own user. Undefined where it can't be seen whose connections are made. */
  readonly uid: number | undefined;
  /** Listens at this address; port 0 is a free one. Rejects with the system's error. */
  readonly listen: (
    at: { readonly host: string; readonly port: number },
    onConnection: (socket: LocalSocket) => void,
  ) => Promise<LocalPort>;
}

export interface LocalPort {
  readonly port: number;
  /** No more connections are taken. */
  close(): void;
}

/** A connection from a program of this machine, half of which may end alone. Nothing of it is read yet. */
export interface LocalSocket extends Duplex {
  readonly remoteAddress?: string | undefined;
  readonly remotePort?: number | undefined;
  readonly localAddress?: string | undefined;
  readonly localPort?: number | undefined;
  setNoDelay(isOn: boolean): unknown;
  /** Breaks off, so that the other end sees that. */
  resetAndDestroy(): unknown;
}

/** Where at most one process of a machine is at a time. */
export interface LockPlace {
  /** Undefined while another process is there. The place is left by `release`, or with the process. */
  take(): Promise<{ readonly release: () => void } | undefined>;
}

/**
 * Opens a WebSocket: resolves after the upgrade. Rejects with a `ConnectionError`, or with the signal's reason; the attempt has then
 * ended. The listener is not called before the promise has resolved.
 */
export type OpenSocket = (request: SocketRequest, listener: SocketListener) => Promise<WebSocketLike>;

export interface SocketRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Node's HTTP agent, which opens the connection; undefined for a direct connection. */
  readonly agent: Agent | undefined;
  /** Ends the attempt to connect. It has no effect on an open socket. */
  readonly signal: AbortSignal;
}

/** What an open socket calls. */
export interface SocketListener {
  readonly frame: (frame: Uint8Array | string) => void;
  readonly ping: () => void;
  readonly pong: () => void;
  /** Called before `closed` when an error was the reason. */
  readonly failed: (cause: Error) => void;
  /** Called once. After it nothing is called. */
  readonly closed: (code: number, reason: string) => void;
}

/** An open WebSocket, which knows no time. A frame is text or bytes. */
export interface WebSocketLike {
  /** False once the socket is closing or closed. */
  readonly isOpen: boolean;
  readonly isPaused: boolean;
  /** The bytes that wait for the other side to read them. */
  readonly unsentBytes: number;
  send(frame: Uint8Array | string): void;
  ping(payload: string): void;
  /** Stops reading, also of answers to pings. */
  pause(): void;
  resume(): void;
  /** Sends a close frame; `closed` is called when the other side has answered. */
  close(): void;
  /** Ends the connection at once; `closed` is called soon. */
  terminate(): void;
}
