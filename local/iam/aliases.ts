import { type Endpoint, signedFetch } from "../signed-fetch.ts";

/** The ARN of the key that moto keeps under an alias; undefined when the alias does not exist. */
export async function keyOfAlias(alias: string, moto: Endpoint): Promise<string | undefined> {
  const response = await signedFetch(moto, "kms", {
    method: "POST",
    headers: {
      "content-type": "application/x-amz-json-1.1",
      "x-amz-target": "TrentService.DescribeKey",
    },
    body: JSON.stringify({ KeyId: alias }),
  });
  const { KeyMetadata } = (await response.json()) as { KeyMetadata?: { Arn: string } };
  return KeyMetadata?.Arn;
}
