import { makeSessionSetup } from "../../../src/run/job/session-setup.ts";
import { makeTypedInput } from "../../../src/run/job/typed-input.ts";
import { type Delivery, PACKED } from "../../../src/payload/bootstrap.ts";
import { makePayload } from "../../../src/payload/payload.ts";
import { Failure } from "../../../src/errors.ts";
import { Listener } from "../../helpers/listener.ts";
import { StartWindow } from "../../../src/run/job/start-window.ts";
import { SteppedClock } from "../../helpers/stepped-clock.ts";
import { anInputs } from "../../helpers/runs.ts";

const S3: Delivery = { kind: "s3", bucket: "example-ci", key: "p", region: "eu-west-1" };
const payload = makePayload("fx_id=1", { script: Buffer.from("echo\n") });
const missing = { why: "no boto3" };

function typeParts(
  delivery: Delivery,
  presignGet: () => Promise<string>,
  logs: "auto" | "session" = "session",
) {
  const log = new Listener();
  const inputs = anInputs({ logs, secrets: { TOKEN: "hunter22" } });
  const setup = Promise.resolve(makeSessionSetup(undefined, [], inputs));
  const clock = new SteppedClock();
  const start = { payload, delivery, staged: Promise.resolve(undefined), window: new StartWindow(clock) };
  const context = { inputs, aws: { s3: { presignGet } } as never, log, origin: {} };
  return { input: makeTypedInput({ nonce: "a1".repeat(16), start, setup }, context), log, clock };
}

const never = (): Promise<string> => Promise.reject(new Error("not to be called"));

it("types the nonce and the secrets when the container has the payload", async () => {
  const { input } = typeParts(S3, never);
  const bytes = (await input.start(undefined)).toString();
  expect(bytes).toContain("a1".repeat(16));
  expect(bytes).toContain("TOKEN");
});

it.each([
  ["packs once more than 256 KiB wait", "auto", /^[0-9a-f]{32} 1048576 262144\n/],
  ["never packs plain lines of the session", "session", /^[0-9a-f]{32} 1048576\n/],
] as const)("%s", async (_, logs, opening) => {
  const { input } = typeParts(S3, never, logs);
  expect((await input.start(undefined)).toString()).toMatch(opening);
});

it("hands a short-lived address over when the container could not fetch the payload", async () => {
  const { input, log } = typeParts(S3, () => Promise.resolve("https://example-ci.s3/p?signature"));
  expect((await input.start(missing)).toString()).toContain("https://example-ci.s3/p?signature");
  expect(log.lines).toEqual([]);
});

it("says why there is no address, and types a loader that asks for the payload", async () => {
  const denied = new Failure("access-denied", { failed: "Denied.", seen: "No s3:GetObject.", advice: "a." });
  const { input, log } = typeParts(S3, () => Promise.reject(denied));
  const bytes = (await input.start(missing)).toString();
  expect(log.lines).toEqual(["No presigned URL could be made: No s3:GetObject."]);
  expect(bytes).not.toContain("hunter22");
});

it("types a packed payload with the secrets at once, the same whether it was made ahead or not", async () => {
  const [ahead, late] = [1, 2].map(() => typeParts({ kind: "session" }, never).input);
  ahead?.prepare();
  const bytes = await ahead?.start({ why: PACKED });
  expect(bytes?.toString()).toContain("fx_secret_environment");
  expect(bytes?.toString()).not.toContain("echo\n");
  expect(bytes).toEqual(await late?.start({ why: PACKED }));
});

it("brings no payload eight minutes after it could have begun the job, which the container may have ended and forgotten since", async () => {
  const { input, clock } = typeParts(S3, () => Promise.resolve("https://example-ci.s3/p?signature"));
  clock.advance(600_000);
  await input.start(undefined);
  clock.advance(480_000);
  expect((await input.start(missing)).toString()).toContain("https://example-ci.s3/p?signature");
  clock.advance(1);
  const late = (await input.start(missing)).toString();
  expect(late).not.toContain("https://");
  const code = late.replace(/\\([0-7]{1,3})/g, (_, octal: string) => String.fromCharCode(parseInt(octal, 8)));
  expect(code.replaceAll("\n", "")).toContain("! gone the container has no such job");
});
