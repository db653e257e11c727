import type { AwsServices } from "../../src/aws/services.ts";
import type { World } from "../world/world.ts";
import type { Caller } from "../world/base.ts";
import { REGION } from "../world/names.ts";

/** The largest body of a presigned form, and what S3 takes for it, are not simulated: the container's parts are smaller. */
const CREDENTIALS = { accessKeyId: "ASIASIMULATED", secretAccessKey: "simulated", sessionToken: "simulated" };

/** AWS as one runner reaches it: each call is sent once. */
export function servicesOf(
  world: World,
  caller: Caller,
  keep: <T>(call: Promise<T>) => Promise<T>,
): AwsServices {
  const sender = (service: "ecs" | "s3" | "ssm") => ({
    send: async (command: unknown, options?: { readonly abortSignal?: AbortSignal }): Promise<unknown> => {
      const { input } = command as { readonly input: Readonly<Record<string, unknown>> };
      const operation = (command as object).constructor.name.replace(/Command$/, "");
      const answer = await keep(world.ask(caller, service, operation, input, options?.abortSignal));
      return { $metadata: {}, ...(answer as object) };
    },
  });
  const unsimulated = (service: string) => (): Promise<never> =>
    Promise.reject(new Error(`the world has no ${service}`));
  const { bucket } = world;
  const addressOf = (key: string): string => `https://${bucket.name}.s3.${REGION}.amazonaws.com/${key}`;
  const services: Record<keyof AwsServices, unknown> & Pick<AwsServices, "presignGet" | "presignPost"> = {
    ecs: () => Promise.resolve(sender("ecs")),
    s3: () => Promise.resolve(sender("s3")),
    ssm: () => Promise.resolve(sender("ssm")),
    logs: unsimulated("logs"),
    kms: unsimulated("kms"),
    presignGet: ({ key }, seconds) =>
      Promise.resolve(
        `${addressOf(key)}?X-Amz-Expires=${seconds}&X-Amz-Signature=${bucket.sign("get", key, seconds)}`,
      ),
    presignPost: ({ key }, { seconds }) =>
      Promise.resolve({
        url: addressOf(""),
        fields: {
          "x-amz-credential": `ASIASIMULATED/20260101/${REGION}/s3/aws4_request`,
          "x-amz-date": "20260101T000000Z",
          policy: Buffer.from(key).toString("base64"),
          "x-amz-signature": bucket.sign("post", key, seconds),
        },
        credentialsEnd: undefined,
      }),
    endpoint: unsimulated("query APIs"),
    post: unsimulated("query APIs"),
    credentials: () => Promise.resolve(CREDENTIALS),
    signUpgrade: () => Promise.resolve({ authorization: "simulated" }),
    gatewayEndpoints: () => [],
    agent: () => Promise.resolve(undefined),
    openAhead: () => Promise.resolve(),
    destroy: () => undefined,
  };
  // The SDK's `send` has many forms, of which one is used.
  return services as unknown as AwsServices;
}
