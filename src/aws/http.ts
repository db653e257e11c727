import { type Agent, type IncomingMessage, request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import { afterRealTime } from "../clock.ts";

/** How long an answer may be silent, how long it may take as a whole, in milliseconds, and how many bytes it may have. */
export interface AnswerLimits {
  readonly silence: number;
  readonly whole: number;
  readonly bytes: number;
}

/** The longest answer, a list of policies, has some hundred kilobytes. */
const LIMITS: AnswerLimits = { silence: 5_000, whole: 20_000, bytes: 4 * 1024 * 1024 };

export interface HttpRequest {
  readonly method: "GET" | "POST";
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly agent: Agent | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface Answer {
  readonly status: number;
  readonly text: string;
}

/**
 * Makes one request. Resolves with the answer, whatever its status. Rejects with an error of Node when the host can't be reached or is silent, when
 * its answer takes too long as a whole, and when the answer is too large.
 */
export async function requestText(
  url: URL,
  { signal, agent, body, ...rest }: HttpRequest,
  limits = LIMITS,
): Promise<Answer> {
  const request = url.protocol === "http:" ? requestHttp : requestHttps;
  const late = new AbortController();
  const calm = afterRealTime(limits.whole, () => late.abort(timedOut(url, "whole answer", limits.whole)));
  const giveUp = signal === undefined ? late.signal : AbortSignal.any([signal, late.signal]);
  const options = { ...rest, signal: giveUp, ...(agent && { agent }) };
  try {
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const sent = request(url, options, resolve).on("error", reject);
      sent.setTimeout(limits.silence, () => sent.destroy(timedOut(url, "answer", limits.silence)));
      sent.end(body);
    });
    return { status: response.statusCode ?? 0, text: await textOf(response, limits.bytes) };
  } catch (error) {
    if (signal?.aborted !== true) late.signal.throwIfAborted();
    throw error;
  } finally {
    calm();
  }
}

async function textOf(response: IncomingMessage, most: number): Promise<string> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of response as AsyncIterable<Buffer>) {
    bytes += piece.length;
    // Leaving the loop destroys the response and its connection.
    if (bytes > most) throw new Error(`The answer has more than ${most / 1024 / 1024} MiB.`);
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString();
}

function timedOut({ hostname }: URL, what: string, ms: number): Error {
  return Object.assign(new Error(`No ${what} within ${ms / 1000} s.`), { code: "ETIMEDOUT", hostname });
}

/** An agent that obeys the proxy variables; undefined when none is set. The agent checks NO_PROXY for each request. */
export async function proxyFromEnvironment(): Promise<Agent | undefined> {
  const names = ["https_proxy", "http_proxy", "all_proxy"].flatMap((name) => [name, name.toUpperCase()]);
  if (!names.some((name) => process.env[name])) return undefined;
  const { EnvironmentProxyAgent } = await import("./proxy.ts");
  return new EnvironmentProxyAgent();
}
