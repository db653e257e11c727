import type { AwsServices, ServiceOptions } from "../../src/aws/services.ts";
import type { World } from "../world/world.ts";
import { connectionReset } from "../world/aws-error.ts";
import { answerQuery } from "../world/queries.ts";
import type { Caller } from "../world/base.ts";
import { REGION } from "../world/names.ts";

/** The largest body of a presigned form, and what S3 takes for it, are not simulated: the container's parts are smaller. */
const CREDENTIALS = { accessKeyId: "ASIASIMULATED", secretAccessKey: "simulated", sessionToken: "simulated" };

/** What is used of a command of the SDK. */
interface SdkCommand {
  readonly input: Readonly<Record<string, unknown>>;
  readonly middlewareStack: {
    resolve(
      next: (request: object) => Promise<object>,
      context: object,
    ): (request: object) => Promise<object>;
    identify(): readonly string[];
  };
}

/** What the step has put around a command may read the bytes of the answer. */
async function throughMiddleware(stack: SdkCommand["middlewareStack"], output: object): Promise<object> {
  async function* body(): AsyncGenerator<Uint8Array> {
    await Promise.resolve();
    yield Buffer.from(JSON.stringify(output));
  }
  const send = stack.resolve(() => Promise.resolve({ output, response: { body: body() } }), {});
  return ((await send({ input: {} })) as { readonly output: object }).output;
}

const operations = new Map<object, string>();

/** AWS's name of what a command of the SDK asks for. */
function operationOf({ constructor }: object): string {
  const operation = operations.get(constructor) ?? constructor.name.replace(/Command$/, "");
  operations.set(constructor, operation);
  return operation;
}

/** The calls under way on a step's connections. When these are closed, the calls fail. */
class Calls {
  readonly #cuts = new Set<() => void>();

  untilClosed<T>(call: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const cut = (): void => reject(connectionReset());
      this.#cuts.add(cut);
      const settle =
        <Outcome>(pass: (outcome: Outcome) => void) =>
        (outcome: Outcome): void => {
          this.#cuts.delete(cut);
          pass(outcome);
        };
      call.then(settle(resolve), settle(reject));
    });
  }

  cut(): void {
    for (const cut of this.#cuts) cut();
  }
}

/** The calls on the same connections. */
const callsOn = new WeakMap<object, Calls>();

function callsOf(connections: ServiceOptions["connections"]): Calls {
  const calls = callsOn.get(connections ?? {}) ?? new Calls();
  if (connections === undefined || callsOn.has(connections)) return calls;
  callsOn.set(connections, calls);
  const close = connections.close.bind(connections);
  connections.close = () => {
    close();
    calls.cut();
  };
  return calls;
}

/** AWS as one runner reaches it, whose clock is `ahead` by so many milliseconds: each call is sent once. */
export function servicesOf(
  world: World,
  { ahead, ...runner }: Caller & { readonly ahead: number },
  { connections, credentials }: Pick<ServiceOptions, "connections" | "credentials">,
  keep: <T>(call: Promise<T>) => Promise<T>,
): AwsServices {
  const calls = callsOf(connections);
  const provider = credentials?.(({ token }) => keep(calls.untilClosed(world.roles.assume(runner, token))));
  /** Who signs a call now. */
  const signer = async (): Promise<Caller> => {
    if (provider === undefined) return runner;
    const { expiration } = (await provider()) as { readonly expiration?: Date };
    return { ...runner, keysUntil: expiration?.getTime() };
  };
  const sender = (service: "ecs" | "logs" | "s3" | "ssm") => ({
    send: async (command: unknown, options?: { readonly abortSignal?: AbortSignal }): Promise<unknown> => {
      const { input, middlewareStack } = command as SdkCommand;
      const operation = operationOf(command as object);
      const caller = provider === undefined ? runner : await signer();
      const asked = world.ask(caller, service, operation, input, options?.abortSignal);
      const answer = await keep(calls.untilClosed(asked));
      const output = { $metadata: {}, ...(answer as object) };
      return middlewareStack.identify().length === 0
        ? output
        : await throughMiddleware(middlewareStack, output);
    },
  });
  const unsimulated = (service: string) => (): Promise<never> =>
    Promise.reject(new Error(`the world has no ${service}`));
  const { bucket } = world;
  // What a signature is good for counts from the time in it.
  const sign = (caller: Caller, kind: "get" | "post", key: string, seconds: number): string =>
    bucket.sign(caller, kind, key, seconds + ahead / 1000);
  const credentialsEnd = ({ keysUntil }: Caller): Date | undefined =>
    keysUntil === undefined ? world.credentialsEnd(runner.name) : new Date(keysUntil);
  const addressOf = (key: string): string => `https://${bucket.name}.s3.${REGION}.amazonaws.com/${key}`;
  const services: Record<keyof AwsServices, unknown> & Pick<AwsServices, "presignGet" | "presignPost"> = {
    ecs: () => Promise.resolve(sender("ecs")),
    s3: () => Promise.resolve(sender("s3")),
    ssm: () => Promise.resolve(sender("ssm")),
    logs: () => Promise.resolve(sender("logs")),
    kms: unsimulated("kms"),
    presignGet: async ({ key }, seconds) =>
      `${addressOf(key)}?X-Amz-Expires=${seconds}&X-Amz-Signature=${sign(await signer(), "get", key, seconds)}`,
    presignPost: async ({ key }, { seconds }) => {
      const caller = await signer();
      return {
        url: addressOf(""),
        fields: {
          "x-amz-credential": `ASIASIMULATED/20260101/${REGION}/s3/aws4_request`,
          "x-amz-date": "20260101T000000Z",
          policy: Buffer.from(key).toString("base64"),
          "x-amz-signature": sign(caller, "post", key, seconds),
        },
        credentialsEnd: credentialsEnd(caller)?.getTime(),
      };
    },
    endpoint: (service: string, region: string) =>
      Promise.resolve({ url: new URL(`https://${service}.${region}.amazonaws.com`), region }),
    post: (request: Parameters<AwsServices["post"]>[0]) =>
      keep(calls.untilClosed(answerQuery(world.calls, runner, request))),
    credentials: async () => {
      const expiration = credentialsEnd(await signer());
      return { ...CREDENTIALS, ...(expiration !== undefined && { expiration }) };
    },
    signUpgrade: () => Promise.resolve({ authorization: "simulated" }),
    gatewayEndpoints: () => [],
    agent: () => Promise.resolve(undefined),
    openAhead: () => Promise.resolve(),
    destroy: () => undefined,
  };
  // The SDK's `send` has many forms, of which one is used.
  return services as unknown as AwsServices;
}
