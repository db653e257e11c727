import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Failure } from "../../../src/errors.ts";
import { getJson, requestIdToken } from "../../../src/doors/github/id-token.ts";
import { SleeplessClock } from "../../helpers/stepped-clock.ts";

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** Asks an endpoint that gives these answers in turn, the last one again and again. Pauses are recorded, and take no time. */
async function ask(...answers: Answer[]) {
  const asked: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    asked.push(request);
    answers[Math.min(asked.length, answers.length) - 1]?.(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/idtoken?api-version=2.0`;
  const env = { ACTIONS_ID_TOKEN_REQUEST_URL: url, ACTIONS_ID_TOKEN_REQUEST_TOKEN: "bearer-of-the-job" };
  const clock = new SleeplessClock();
  try {
    const token = await requestIdToken("sts.amazonaws.com", { env, clock, getJson }).catch(
      (error: unknown) => error as Failure,
    );
    return { token, asked, pauses: clock.slept };
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

const status =
  (code: number, body = ""): Answer =>
  (_, response) => {
    response.writeHead(code);
    response.end(body);
  };
const good = status(200, '{"count": 1, "value": "a.b.c"}');
const reset: Answer = ({ socket }) => void socket.resetAndDestroy();

describe("an ID token", () => {
  it("is asked for no more once the step is over", async () => {
    const over = new AbortController();
    const env = {
      ACTIONS_ID_TOKEN_REQUEST_URL: "http://tokens.example/",
      ACTIONS_ID_TOKEN_REQUEST_TOKEN: "bearer",
    };
    let asked = 0;
    const getJson = (): Promise<never> => {
      asked += 1;
      over.abort(new Error("the step is over"));
      return Promise.reject(new Error("read ECONNRESET"));
    };
    const options = { env, clock: new SleeplessClock(), getJson, over: over.signal };
    await expect(requestIdToken("sts.amazonaws.com", options)).rejects.toThrow("the step is over");
    expect(asked).toBe(1);
  });

  it("is waited for no longer than the step, also where no answer comes", async () => {
    const over = new AbortController();
    const server = createServer(() => over.abort(new Error("the step is over")));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const closed = new Promise<void>((resolve) =>
      server.on("connection", (socket) => socket.on("close", () => resolve())),
    );
    const env = {
      ACTIONS_ID_TOKEN_REQUEST_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
      ACTIONS_ID_TOKEN_REQUEST_TOKEN: "bearer",
    };
    const options = { env, clock: new SleeplessClock(), getJson, over: over.signal };
    const begun = performance.now();
    await expect(requestIdToken("sts.amazonaws.com", options)).rejects.toThrow("the step is over");
    await closed;
    // Node's socket would wait for five seconds.
    expect(performance.now() - begun).toBeLessThan(4_000);
    server.close();
  });

  it("is asked for with the job's own token, for the audience", async () => {
    const { token, asked } = await ask(good);
    expect(token).toBe("a.b.c");
    expect(asked[0]?.url).toBe("/idtoken?api-version=2.0&audience=sts.amazonaws.com");
    expect(asked[0]?.headers.authorization).toBe("Bearer bearer-of-the-job");
  });

  it("is asked for again when the service is out of order", async () => {
    const { token, pauses } = await ask(status(503), reset, status(429), good);
    expect(token).toBe("a.b.c");
    expect(pauses).toEqual([1_000, 2_000, 4_000]);
  });

  it.each([
    ["no permission to it", [status(403)], 1, "HTTP status 403"],
    ["no token in the answer", [status(200, "{}")], 1, "no token in it"],
    ["a service that stays out of order", [status(500)], 5, "HTTP status 500"],
    ["no connection to the service", [reset], 5, "could not be asked"],
  ] as const)("fails for %s", async (_, answers, tries, words) => {
    const { token, asked } = await ask(...answers);
    expect(token).toMatchObject({ code: "no-id-token", seen: expect.stringContaining(words) as string });
    expect(asked).toHaveLength(tries);
    expect((token as Failure).message).not.toContain("bearer-of-the-job");
  });

  it.each(["ACTIONS_ID_TOKEN_REQUEST_URL", "ACTIONS_ID_TOKEN_REQUEST_TOKEN"])(
    "says which permission the job needs where %s is not set",
    async (name) => {
      const env = {
        ACTIONS_ID_TOKEN_REQUEST_URL: "http://127.0.0.1:1",
        ACTIONS_ID_TOKEN_REQUEST_TOKEN: "x",
        [name]: "",
      };
      const clock = new SleeplessClock();
      await expect(requestIdToken("x", { env, clock, getJson })).rejects.toMatchObject({
        code: "no-id-token",
        seen: `${name} is not set.`,
        advice: expect.stringContaining("'permissions: id-token: write'") as string,
      });
    },
  );
});
