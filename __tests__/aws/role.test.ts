import { roleCredentials } from "../../src/aws/role.ts";
import { Listener } from "../helpers/listener.ts";

const ARN = "arn:aws:iam::123456789012:role/x";
const KEYS = {
  accessKeyId: "ASIAX",
  secretAccessKey: "s",
  sessionToken: "t",
  expiration: new Date(3_600_000),
};
const expired = Object.assign(new Error("Token expired"), { name: "ExpiredTokenException" });
const denied = Object.assign(new Error("Not authorized"), { name: "AccessDenied" });

/** Asks an STS that refuses the first tokens so. Tells the tokens that it got. */
async function ask(refusals: readonly Error[]) {
  const tokens: string[] = [];
  let given = 0;
  const source = roleCredentials({
    ...{ arn: ARN, sessionName: "s", region: "eu-west-1", clock: { now: () => 0 }, log: new Listener() },
    idToken: () => Promise.resolve(`token ${(given += 1)}`),
  });
  const keys = source(({ token }) => {
    const refusal = refusals[tokens.length];
    tokens.push(token);
    return refusal ? Promise.reject(refusal) : Promise.resolve(KEYS);
  })();
  const end = await keys.then(
    () => "keys",
    (error: unknown) => error,
  );
  return { end, tokens };
}

it("an ID token that has ended before STS has answered is followed by a new one", async () => {
  expect(await ask([expired])).toEqual({ end: "keys", tokens: ["token 1", "token 2"] });
});

it.each([
  ["a new ID token that has ended, too", [expired, expired], 2],
  ["a role that may not be assumed", [denied], 1],
])("%s is a refusal", async (_, refusals, times) => {
  const { end, tokens } = await ask(refusals);
  expect(end).toMatchObject({ code: "role-not-assumed" });
  expect(tokens).toHaveLength(times);
});
