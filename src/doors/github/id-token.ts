import { proxyFromEnvironment, requestText } from "../../aws/http.ts";
import type { Clock } from "../../clock.ts";
import { Failure, messageOf } from "../../errors.ts";

/** The most requests while the service fails. The first pause between them is a second, and each further one twice as long. */
const TRIES = 5;
const FIRST_PAUSE_MS = 1_000;

/**
 * Requests an ID token of this job for an audience from GitHub. `getIDToken` of @actions/core also masks the token by
 * a workflow command. While the guard is up the runner does not obey that command and would show the token, so this
 * function writes nothing. Fails with `no-id-token`.
 */
export async function requestIdToken(
  audience: string,
  {
    env,
    clock,
    getJson: get,
    over,
  }: {
    /** Aborts when nobody waits for the token any more: a request under way, or the pause before the next one, would keep the process alive. */
    readonly over?: AbortSignal;
    readonly env: NodeJS.ProcessEnv;
    readonly clock: Pick<Clock, "sleep">;
    readonly getJson: GetJson;
  },
): Promise<string> {
  const { ACTIONS_ID_TOKEN_REQUEST_URL: url, ACTIONS_ID_TOKEN_REQUEST_TOKEN: bearer } = env;
  if (!url || !bearer) {
    throw noIdToken(
      `${url ? "ACTIONS_ID_TOKEN_REQUEST_TOKEN" : "ACTIONS_ID_TOKEN_REQUEST_URL"} is not set.`,
      "Set 'permissions: id-token: write' for the job or the workflow; a reusable workflow needs it in its caller, too. " +
        "A workflow that a pull request from a fork has started never gets it.",
    );
  }
  const address = new URL(url);
  address.searchParams.set("audience", audience);
  for (let tries = 1, pause = FIRST_PAUSE_MS; ; tries += 1, pause *= 2) {
    const answer = await ask(address, bearer, (href, token) => get(href, token, over));
    if ("value" in answer) return answer.value;
    if (answer.isFinal || tries === TRIES) throw noIdToken(answer.seen, OUT_OF_ORDER, answer.cause);
    await clock.sleep(pause, over);
  }
}

type Answer =
  { readonly value: string } | { readonly isFinal: boolean; readonly seen: string; readonly cause?: unknown };

async function ask({ href, host }: URL, bearer: string, get: GetJson): Promise<Answer> {
  try {
    const { status, body } = await get(href, bearer);
    if (status !== 200)
      return {
        isFinal: status < 500 && status !== 429,
        seen: `${host} answered with HTTP status ${status}.`,
      };
    const { value } = JSON.parse(body) as { value?: unknown };
    if (typeof value === "string" && value !== "") return { value };
    return { isFinal: true, seen: `The answer of ${host} has no token in it.` };
  } catch (cause) {
    const why = messageOf(cause).replace(/\.$/, "");
    return { isFinal: false, seen: `${host} could not be asked: ${why}.`, cause };
  }
}

/** Sends one request with this token. Resolves with the answer, whatever its status. `over` cuts it short. */
export type GetJson = (
  url: string,
  bearer: string,
  over?: AbortSignal,
) => Promise<{ readonly status: number; readonly body: string }>;

/** Sends it by the network, or by its proxy. */
export const getJson: GetJson = async (url, bearer, over) => {
  const agent = await proxyFromEnvironment();
  try {
    const headers = {
      ...{ accept: "application/json", "user-agent": "fargate-exec" },
      authorization: `Bearer ${bearer}`,
    };
    const request = { method: "GET", headers, agent, signal: over } as const;
    const { status, text } = await requestText(new URL(url), request);
    return { status, body: text };
  } finally {
    agent?.destroy();
  }
};

const OUT_OF_ORDER =
  "GitHub's service for ID tokens may be out of order (www.githubstatus.com), or the runner has no way to it: see its network " +
  "and the proxy variables. On a runner of your own a job may outlive the token by which it asks for ID tokens.";

function noIdToken(seen: string, advice: string, cause?: unknown): Failure {
  return new Failure("no-id-token", {
    failed: "GitHub gave this job no ID token, which is needed to assume the role of 'role-to-assume'.",
    seen,
    advice,
    cause,
  });
}
