import type { Agent } from "node:http";
import type { SessionTicket } from "../../aws/ecs.ts";
import { sessionsArn } from "../../aws/partitions.ts";
import type { OpenSocket } from "../../aws/world.ts";
import type { Log } from "../../log.ts";
import { unlessAborted } from "../../waiting.ts";
import { streamUrlRefused } from "./failures.ts";
import type { Socket, SocketOptions } from "./socket.ts";
import { connect, ConnectionError } from "./socket.ts";
import { wrongStreamUrl } from "./stream-url.ts";
import { messageOf } from "../../errors.ts";

/** What a connection to the message gateway needs. */
export interface GatewayAccess {
  readonly region: string;
  /** Headers that sign the upgrade request to this URL; `now` is in milliseconds since the epoch. */
  signUpgrade(url: string, now: number): Promise<Readonly<Record<string, string>>>;
  /** The endpoints that the environment names. A message gateway there is trusted like AWS's own. */
  gatewayEndpoints(): readonly string[];
  /** Node's HTTP agent for the request to this URL, such as one for a proxy; undefined when none is needed. */
  agent(url: string): Promise<Agent | undefined>;
  readonly openSocket: OpenSocket;
}

export interface DialOptions extends Omit<SocketOptions, "url" | "headers" | "agent" | "openSocket"> {
  readonly ticket: SessionTicket;
  readonly aws: GatewayAccess;
  readonly log: Log;
  /** The limit for the whole call, in milliseconds. */
  readonly patience: number;
}

/**
 * Opens a socket to the gateway, with a new signature, through the proxy if there is one. Rejects with
 * `ConnectionError`, with `session-refused` when the URL does not lead to the gateway, or with the signal's reason.
 */
export async function dial(options: DialOptions): Promise<Socket> {
  const { ticket, aws, clock, patience, signal } = options;
  const wrong = wrongStreamUrl(ticket.streamUrl, aws.region, aws.gatewayEndpoints());
  if (wrong !== undefined) throw streamUrlRefused(ticket.sessionId, wrong);
  const settled = new AbortController();
  const late = new AbortController();
  clock.sleep(patience, settled.signal).then(
    () => late.abort(new ConnectionError(`no answer within ${Math.round(patience / 1000)} s`, undefined)),
    () => undefined, // settled in time
  );
  const giveUp = AbortSignal.any([signal, late.signal]);
  try {
    const [headers, agent] = await unlessAborted(
      Promise.all([sign(options), aws.agent(ticket.streamUrl)]),
      giveUp,
    );
    const to = { ...options, openSocket: aws.openSocket, url: ticket.streamUrl, agent, signal: giveUp };
    return await connect({ ...to, headers }).catch((refusal: unknown) => {
      if (!isUnauthorized(refusal) || Object.keys(headers).length === 0) throw refusal;
      return connectUnsigned({ ...to, headers: {} }, options, refusal);
    });
  } finally {
    settled.abort();
  }
}

/**
 * Tries a refused request again without a signature. Gateways have taken unsigned requests for years, and AWS's
 * advice on ECS Exec gives callers no right to `ssmmessages:OpenDataChannel`, which a signed request needs. IAM's data has no resource
 * type for that action, while AWS's guides allow it on sessions, so a right to sessions alone may be none.
 */
async function connectUnsigned(
  to: SocketOptions,
  { ticket: { sessionId }, aws, log }: DialOptions,
  refusal: ConnectionError,
): Promise<Socket> {
  try {
    const socket = await connect(to);
    log.info(
      `The gateway refused the signed request for session '${sessionId}' (${refusal.message}) and took an unsigned one. ` +
        `Allow 'ssmmessages:OpenDataChannel' on '${sessionsArn(aws.region)}' to the caller's credentials, or with Resource: "*".`,
    );
    return socket;
  } catch (error) {
    if (!isUnauthorized(error)) throw error;
    throw new ConnectionError(
      `${refusal.message} (a request without a signature, too)`,
      refusal.status,
      error,
    );
  }
}

function isUnauthorized(error: unknown): error is ConnectionError {
  return error instanceof ConnectionError && (error.status === 401 || error.status === 403);
}

/**
 * The headers of a signature; none when it can't be made, because gateways have taken unsigned requests for years.
 */
async function sign({
  ticket,
  aws,
  log,
  clock,
  signal,
}: DialOptions): Promise<Readonly<Record<string, string>>> {
  try {
    return await aws.signUpgrade(ticket.streamUrl, clock.now());
  } catch (error) {
    signal.throwIfAborted();
    const why = messageOf(error);
    log.warning(
      `The request for session '${ticket.sessionId}' goes unsigned: it could not be signed (${why}).`,
      "security.md#where-the-sessions-token-goes",
    );
    return {};
  }
}
