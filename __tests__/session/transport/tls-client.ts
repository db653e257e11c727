/**
 * A process of its own for `tls.test.ts`, since Node reads NODE_EXTRA_CA_CERTS once. Opens a session at the URL that is
 * its argument, renews its token as after a cut, and prints what came of both as JSON.
 */
import { awsClients } from "../../../src/aws/clients.ts";
import { ssmCalls } from "../../../src/aws/ssm.ts";
import { systemClock } from "../../../src/clock.ts";
import { Failure } from "../../../src/errors.ts";
import { openSession } from "../../../src/session/session.ts";
import { realWorld } from "../../../src/run/step/world.ts";

const aws = awsClients({ region: "eu-west-1", world: realWorld });
const ignore = (): void => undefined;
const describeError = (error: unknown): unknown =>
  error instanceof Failure ? { code: error.code, message: error.message } : { thrown: String(error) };

async function readSession(streamUrl: string): Promise<unknown> {
  const session = await openSession({
    sessionId: "ecs-execute-command-1",
    streamUrl,
    token: "s3cret",
    sessionTarget: "ecs:c_t_r",
    encryption: { kind: "none" },
    aws,
    log: {
      info: ignore,
      debug: ignore,
      warning: ignore,
      warnOnce: ignore,
      notice: ignore,
      phase: ignore,
      fold: ignore,
    },
    clock: systemClock,
  });
  let output = "";
  for await (const bytes of session.output) output += Buffer.from(bytes).toString();
  await session.close();
  return { output };
}

const session = await readSession(process.argv[2] ?? "").catch(describeError);
const renewed = await ssmCalls(aws).resumeSession("ecs-execute-command-1").catch(describeError);
aws.destroy();
process.stdout.write(JSON.stringify({ session, renewed }));
