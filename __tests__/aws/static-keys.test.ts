import { endOfStaticKeys, knownEnd, tellOutlived } from "../../src/aws/static-keys.ts";

const now = Date.parse("2026-01-01T00:00:00Z");
const end = "2026-01-01T02:00:00Z";
const hour = 3_600_000;
const user = { AWS_ACCESS_KEY_ID: "AKIAEXAMPLE", AWS_SECRET_ACCESS_KEY: "x" };
const session = { ...user, AWS_SESSION_TOKEN: "y" };

describe("the end of static keys", () => {
  it.each<[string, NodeJS.ProcessEnv, number | "unknown" | undefined]>([
    ["none at all", {}, undefined],
    ["a user's, which don't end", user, undefined],
    ["a session's that says nothing of its end", session, "unknown"],
    ["a session's that does", { ...session, AWS_CREDENTIAL_EXPIRATION: end }, Date.parse(end)],
    ["a session's with an end that is no time", { ...session, AWS_CREDENTIAL_EXPIRATION: "soon" }, "unknown"],
    ["half of a pair", { AWS_ACCESS_KEY_ID: "x", AWS_SESSION_TOKEN: "y" }, undefined],
    ["a profile's, which the SDK prefers and may renew", { ...session, AWS_PROFILE: "ci" }, undefined],
  ])("of %s", (_, env, expected) => {
    expect(endOfStaticKeys(env)).toBe(expected);
    expect(knownEnd(env)).toBe(expected === "unknown" ? undefined : expected);
  });
});

describe("the warning of a job that may outlive them", () => {
  const told = (timeout: number, env: NodeJS.ProcessEnv): readonly [string, string][] => {
    const lines: [string, string][] = [];
    const log = {
      info: (words: string) => void lines.push(["info", words]),
      warning: (words: string) => void lines.push(["warning", words]),
    };
    tellOutlived(timeout, env, now, log);
    return lines;
  };

  it.each<[string, number, NodeJS.ProcessEnv]>([
    ["less than an hour by a session of unknown length", hour - 60_000, session],
    ["an hour by a user's keys", hour, user],
    ["an hour by a session that ends later", hour, { ...session, AWS_CREDENTIAL_EXPIRATION: end }],
    ["days by a user's keys", 100 * hour, user],
    ["two hours by a session that ends with it", 2 * hour, { ...session, AWS_CREDENTIAL_EXPIRATION: end }],
    ["days by credentials that the SDK renews", 100 * hour, { AWS_WEB_IDENTITY_TOKEN_FILE: "/token" }],
  ])("is not given for %s", (_, timeout, env) => {
    expect(told(timeout, env)).toEqual([]);
  });

  it("is a plain line of the log for the hour that is the default, by a session that began before the step", () => {
    const [[level, words] = ["", ""], ...others] = told(hour, session);
    expect([level, others]).toEqual(["info", []]);
    expect(words).toContain("'timeout' is 60 minutes");
    expect(words).toContain("Set 'role-to-assume'");
  });

  it.each<[string, number, NodeJS.ProcessEnv, string]>([
    ["more than an hour by a session of unknown length", hour + 60_000, session, "'timeout' is 61 minutes"],
    [
      "a session that ends before",
      3 * hour,
      { ...session, AWS_CREDENTIAL_EXPIRATION: end },
      "2026-01-01T02:00:00.000Z",
    ],
    [
      "an hour by a session that ends before",
      hour,
      { ...session, AWS_CREDENTIAL_EXPIRATION: "2026-01-01T00:59:00Z" },
      "2026-01-01T00:59:00.000Z",
    ],
    [
      "keys that have ended already",
      1000,
      { ...user, AWS_CREDENTIAL_EXPIRATION: "2025-01-01" },
      "2025-01-01",
    ],
  ])("is given for %s, and says what to set", (_, timeout, env, words) => {
    const [[level, warning] = ["", ""], ...others] = told(timeout, env);
    expect([level, others]).toEqual(["warning", []]);
    expect(warning).toContain(words);
    expect(warning).toContain("Set 'role-to-assume'");
  });
});
