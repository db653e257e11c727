import { Failure } from "../../../src/errors.ts";
import { openSession } from "../../../src/session/session.ts";
import { Gateway } from "../../helpers/gateway.ts";
import { Listener } from "../../helpers/listener.ts";
import { later, open, optionsFor, startGateway, stopAll } from "../../helpers/session-rig.ts";

afterEach(stopAll);

const isSigned = ({ headers }: { headers: { authorization?: string | undefined } }): boolean =>
  headers.authorization !== undefined;

it.each([401, 403])(
  "a signed request that is answered %i is made once more unsigned, and the right is named",
  async (status) => {
    const [gateway, log] = [await startGateway(), new Listener()];
    gateway.refusing = (request) => (isSigned(request) ? status : undefined);
    await open(gateway, { log });
    expect(gateway.requests.map(isSigned)).toEqual([true, false]);
    expect(new Set(gateway.requests.map(({ url }) => url)).size).toBe(1);
    expect(log.lines).toEqual([
      `The gateway refused the signed request for session 'ecs-execute-command-1' (HTTP ${status}: no!) and took an ` +
        "unsigned one. Allow 'ssmmessages:OpenDataChannel' on 'arn:aws:ssm:*:*:session/ecs-execute-command-*' to the " +
        'caller\'s credentials, or with Resource: "*".',
    ]);
  },
);

it("when the unsigned request is refused as well, the error names the right", async () => {
  const gateway = await startGateway();
  gateway.refusing = () => 403;
  const refusal = openSession(optionsFor(gateway));
  await expect(refusal).rejects.toMatchObject({
    code: "session-refused",
    seen: expect.stringContaining("answered HTTP 403: no! (a request without a signature, too)") as string,
    advice: expect.stringMatching(/'ssmmessages:OpenDataChannel'.* with Resource: "\*"/) as string,
  });
  expect(gateway.requests.map(isSigned)).toEqual([true, false]);
});

it.each([404, 410, 500])("an answer %i has nothing to do with the signature", async (status) => {
  const gateway = await startGateway();
  gateway.refusing = () => status;
  await expect(openSession(optionsFor(gateway))).rejects.toBeInstanceOf(Failure);
  expect(gateway.requests.map(isSigned)).toEqual([true]);
});

it("a host that does not belong to AWS sees neither token nor signature", async () => {
  const elsewhere = await Gateway.start();
  later(() => elsewhere.stop());
  await expect(openSession(optionsFor(elsewhere))).rejects.toMatchObject({
    code: "session-refused",
    failed: expect.stringContaining("does not lead to AWS") as string,
    seen: expect.stringContaining(new URL(elsewhere.url).host) as string,
    advice: expect.stringContaining("AWS_ENDPOINT_URL_SSMMESSAGES") as string,
  });
  expect(elsewhere.requests).toEqual([]);
  expect(elsewhere.text).toEqual([]);
});
