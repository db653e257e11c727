import { credentialLife } from "../../../src/ready/checks/credentials.ts";

const keys = { AWS_ACCESS_KEY_ID: "AKIDEXAMPLE", AWS_SECRET_ACCESS_KEY: "secret" };
const session = { ...keys, AWS_SESSION_TOKEN: "token" };
const ends = { ...session, AWS_CREDENTIAL_EXPIRATION: new Date(3_600_000).toISOString() };
const role = "arn:aws:iam::123456789012:role/ci";

it.each([
  ["a user's keys", keys, undefined, 7_200_000, "OK"],
  ["keys that the SDK finds and renews", {}, undefined, 7_200_000, "OK"],
  ["keys that end after the timeout", ends, undefined, 1_800_000, "OK"],
  ["keys that end after the wait and the timeout", ends, undefined, 3_000_000, "OK"],
  [
    "keys that end after the timeout, but before the wait and the timeout are over",
    ends,
    undefined,
    3_000_001,
    "NG",
  ],
  ["keys that end before the timeout", ends, undefined, 3_600_001, "NG"],
  ["a session of unknown length", session, undefined, 60_000, "SKIP"],
  ["a role that the step renews", ends, role, 7_200_000, "OK"],
])("%s", (_, env, roleToAssume, timeout, verdict) => {
  const times = { timeout, isDefault: false, wait: 600_000 };
  const found = credentialLife({ roleToAssume, times, env, now: 0, areRefused: false });
  expect(found).toMatchObject({ name: "credentials' life", verdict });
});

it.each([
  ["a role that can't be assumed", {}, role],
  ["keys that AWS refuses", keys, undefined],
])("the life of %s is not known", (_, env, roleToAssume) => {
  const times = { timeout: 1, isDefault: false, wait: 1 };
  const found = credentialLife({ roleToAssume, times, env, now: 0, areRefused: true });
  expect(found).toMatchObject({ verdict: "SKIP", seen: "not known: there are no credentials" });
});
