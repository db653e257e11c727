import { endOfStaticKeys, knownEnd, tellOutlived, type Timeout } from "../../src/aws/static-keys.ts";

const now = Date.parse("2026-01-01T00:00:00Z");
const end = "2026-01-01T02:00:00Z";
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

describe("a job that may outlive them", () => {
  const ending = (at: string) => ({ ...session, AWS_CREDENTIAL_EXPIRATION: at });
  const minutes = (count: number, isDefault = false) => ({ ms: count * 60_000, isDefault });

  it.each<[string, Timeout, NodeJS.ProcessEnv, "warning" | "info" | undefined]>([
    ["the default, a session of unknown length", minutes(60, true), session, "info"],
    ["55 minutes, a session of unknown length", minutes(55), session, undefined],
    ["56 minutes, a session of unknown length", minutes(56), session, "warning"],
    ["61 minutes, a session of unknown length", minutes(61), session, "warning"],
    [
      "the default, a session that ends a second before",
      minutes(60, true),
      ending("2026-01-01T00:59:59Z"),
      "warning",
    ],
    [
      "the default, a session that ends with it",
      minutes(60, true),
      ending("2026-01-01T01:00:00Z"),
      undefined,
    ],
    ["three hours, a session of two", minutes(180), ending(end), "warning"],
    ["two hours, a session of two", minutes(120), ending(end), undefined],
    ["a second, keys that have ended already", minutes(1 / 60), ending("2025-01-01"), "warning"],
    ["days, a user's keys", minutes(6000), user, undefined],
    ["the default, a user's keys", minutes(60, true), user, undefined],
    [
      "days, credentials that the SDK renews",
      minutes(6000),
      { AWS_WEB_IDENTITY_TOKEN_FILE: "/token" },
      undefined,
    ],
    [
      "days, a profile's, which the SDK may renew",
      minutes(6000),
      { ...session, AWS_PROFILE: "ci" },
      undefined,
    ],
  ])("'timeout' is %s", (_, timeout, env, level) => {
    const told: (readonly [string, string])[] = [];
    tellOutlived(timeout, env, now, {
      info: (words) => void told.push(["info", words]),
      warning: (words) => void told.push(["warning", words]),
    });
    expect(told.map(([how]) => how)).toEqual(level === undefined ? [] : [level]);
  });

  it.each([
    [session, "which lasts one hour unless the step that began it was asked for more"],
    [ending(end), "they end at 2026-01-01T02:00:00.000Z"],
  ])("is told what to set, and why", (env, why) => {
    let told = "";
    tellOutlived(minutes(180), env, now, { info: () => undefined, warning: (words) => (told = words) });
    expect(told).toContain("'timeout' is 180 minutes");
    expect(told).toContain(why);
    expect(told).toContain("Set 'role-to-assume'");
  });
});
