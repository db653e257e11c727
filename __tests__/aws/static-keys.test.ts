import {
  endOfStaticKeys,
  reliableUntil,
  tellEndOfForward,
  warnOfOutlived,
} from "../../src/aws/static-keys.ts";

const now = Date.parse("2026-01-01T00:00:00Z");
const end = "2026-01-01T02:00:00Z";
const user = { AWS_ACCESS_KEY_ID: "AKIAEXAMPLE", AWS_SECRET_ACCESS_KEY: "x" };
const session = { ...user, AWS_SESSION_TOKEN: "y" };

describe("the end of static keys", () => {
  it.each<[string, NodeJS.ProcessEnv, number | "unknown" | undefined]>([
    ["none at all", {}, undefined],
    ["a user's, which don't end", user, undefined],
    ["a session's, without an end", session, "unknown"],
    ["a session's, with its end", { ...session, AWS_CREDENTIAL_EXPIRATION: end }, Date.parse(end)],
    [
      "a session's, with an end that is no time",
      { ...session, AWS_CREDENTIAL_EXPIRATION: "soon" },
      "unknown",
    ],
    ["half of a pair", { AWS_ACCESS_KEY_ID: "x", AWS_SESSION_TOKEN: "y" }, undefined],
    ["a profile's, which the SDK prefers and may renew", { ...session, AWS_PROFILE: "ci" }, undefined],
  ])("of %s", (_, env, expected) => {
    expect(endOfStaticKeys(env)).toBe(expected);
    expect(reliableUntil(env, undefined, now)).toBe(expected === "unknown" ? now + 55 * 60_000 : expected);
    expect(reliableUntil(env, "arn:aws:iam::123456789012:role/ci", now)).toBeUndefined();
  });
});

describe("a job that may outlive them", () => {
  const ending = (at: string) => ({ ...session, AWS_CREDENTIAL_EXPIRATION: at });
  const hour = ending("2026-01-01T00:59:59Z");
  const minutes = (count: number) => count * 60_000;
  const warnAbout = (timeout: number, env: NodeJS.ProcessEnv, wait = 0, isDefault = false) => {
    const [told, mentioned]: [string[], string[]] = [[], []];
    const log = {
      warning: (words: string) => told.push(words),
      info: (words: string) => mentioned.push(words),
    };
    warnOfOutlived({ timeout, isDefault, wait }, env, now, log);
    return { told, mentioned };
  };

  it.each<[string, number, NodeJS.ProcessEnv, number]>([
    ["60 minutes, a session of unknown length", minutes(60), session, 1],
    ["55 minutes, a session of unknown length", minutes(55), session, 0],
    ["56 minutes, a session of unknown length", minutes(56), session, 1],
    ["60 minutes, a session that ends a second before", minutes(60), ending("2026-01-01T00:59:59Z"), 1],
    ["60 minutes, a session that ends with it", minutes(60), ending("2026-01-01T01:00:00Z"), 0],
    ["three hours, a session of two", minutes(180), ending(end), 1],
    ["two hours, a session of two", minutes(120), ending(end), 0],
    ["a second, keys that have ended already", 1_000, ending("2025-01-01"), 1],
    ["days, a user's keys", minutes(6000), user, 0],
    ["60 minutes, a user's keys", minutes(60), user, 0],
    ["days, credentials that the SDK renews", minutes(6000), { AWS_WEB_IDENTITY_TOKEN_FILE: "/token" }, 0],
    ["days, a profile's, which the SDK may renew", minutes(6000), { ...session, AWS_PROFILE: "ci" }, 0],
  ])("'timeout' is %s", (_, timeout, env, warnings) => {
    expect(warnAbout(timeout, env)).toMatchObject({ told: { length: warnings }, mentioned: [] });
  });

  it.each<[string, NodeJS.ProcessEnv, number, number]>([
    ["a session of unknown length, which is mentioned", session, 0, 1],
    ["a session that ends before", hour, 1, 0],
    ["a user's keys", user, 0, 0],
  ])("'timeout' is the default, with %s", (_, env, warnings, mentions) => {
    expect(warnAbout(minutes(60), env, 0, true)).toMatchObject({
      told: { length: warnings },
      mentioned: { length: mentions },
    });
  });

  it.each<[string, number, number, NodeJS.ProcessEnv, number]>([
    ["50 minutes, 10 for the start, a session of one hour less a second", 50, 10, hour, 1],
    ["45 minutes, 10 for the start, a session of one hour less a second", 45, 10, hour, 0],
    ["50 minutes, 50 in the queue, a session of one hour less a second", 50, 50, hour, 1],
    ["30 minutes, 30 in the queue, a session of one hour less a second", 30, 30, hour, 0],
    ["50 minutes, 10 for the start, a session of unknown length", 50, 10, session, 0],
    ["60 minutes, 10 for the start, a session of two", 60, 10, ending(end), 0],
    ["50 minutes, 50 in the queue, a user's keys", 50, 50, user, 0],
  ])("'timeout' and the wait before the job are %s", (_, timeout, wait, env, warnings) => {
    const { told } = warnAbout(minutes(timeout), env, minutes(wait));
    expect(told).toHaveLength(warnings);
    for (const words of told) expect(words).toContain(`after a wait of up to ${wait} minutes`);
  });

  it.each([
    [session, "which lasts one hour unless more was asked for where it began"],
    [ending(end), "credentials end at 2026-01-01T02:00:00.000Z"],
  ])("gets a warning that says what to set, and why", (env, why) => {
    const { told } = warnAbout(minutes(180), env);
    expect(told).toHaveLength(1);
    expect(told[0]).toContain("'timeout' is 180 minutes");
    expect(told[0]).toContain(why);
    expect(told[0]).toContain("Set 'role-to-assume'");
  });
});

it("a forward says when keys that nothing renews end before its timeout, and what that means", () => {
  const tell = (timeout: number, env: NodeJS.ProcessEnv) => {
    const [warnings, lines]: [string[], string[]] = [[], []];
    const log = { warning: (text: string) => warnings.push(text), info: (text: string) => lines.push(text) };
    tellEndOfForward(timeout, env, now, log);
    return [warnings, lines];
  };
  const says = [expect.stringContaining("the forward ends at the first cut of its session after their end")];
  const ending = { ...session, AWS_CREDENTIAL_EXPIRATION: end };
  expect(tell(6 * 3_600_000, ending)).toEqual([says, []]);
  expect(tell(3_600_000, ending)).toEqual([[], []]);
  expect(tell(6 * 3_600_000, session)).toEqual([[], says]);
  expect(tell(6 * 3_600_000, user)).toEqual([[], []]);
});
