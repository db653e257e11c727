import type { LogPage, Logs, StreamName } from "../../src/aws/logs.ts";

/** A CloudWatch stream that grows as a test adds events. Each call returns `pageSize` events. */
export class FakeLogs implements Pick<Logs, "readPage"> {
  readonly asked: StreamName[] = [];
  readonly #streams = new Map<string, string[]>();
  readonly #pageSize: number;

  constructor(pageSize = 2) {
    this.#pageSize = pageSize;
  }

  put(stream: string, ...messages: readonly string[]): void {
    this.#streams.set(stream, [...(this.#streams.get(stream) ?? []), ...messages]);
  }

  readPage(stream: StreamName, from?: string): Promise<LogPage | undefined> {
    this.asked.push(stream);
    const stored = this.#streams.get(stream.stream);
    if (stored === undefined) return Promise.resolve(undefined);
    const at = Number(from ?? 0);
    const messages = stored.slice(at, at + this.#pageSize);
    const next = String(at + messages.length);
    // Like the API: it returns the same token when there are no more events.
    return Promise.resolve({ messages, next, last: next === from });
  }
}
