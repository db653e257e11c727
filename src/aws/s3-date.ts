import type { S3Client } from "@aws-sdk/client-s3";

/** Makes a client keep the `Date` of each answer's header in its `$metadata`. */
export function keepDates(client: S3Client): void {
  client.middlewareStack.add(
    (next) => async (request) => {
      const result = await next(request);
      const date = (result.response as { headers?: Record<string, string> }).headers?.["date"];
      if (result.output) Object.assign(result.output.$metadata, { date });
      return result;
    },
    { step: "deserialize", priority: "high" },
  );
}

/** When S3 has answered, by its own clock, in milliseconds since the epoch; undefined when the answer does not tell. */
export function dateOf({ $metadata }: { readonly $metadata: object }): number | undefined {
  const { date } = $metadata as { readonly date?: string };
  return date === undefined ? undefined : Date.parse(date);
}
