import { AwsError } from "./aws-error.ts";
import type { Keys } from "./keys.ts";
import { signedFetch } from "./signed-fetch.ts";

/**
 * Makes one call to a service of the query protocol (STS, EC2, IAM), with the admin's keys unless others are given. The project's
 * dependencies have no clients for these services. Rejects with the service's error, as an `AwsError`.
 */
export async function callQueryApi(
  endpoint: string,
  region: string,
  service: string,
  parameters: Readonly<Record<string, string>>,
  keys?: Keys,
): Promise<string> {
  const response = await signedFetch(
    `${endpoint}/`,
    { region, service, ...(keys && { keys }) },
    {
      method: "POST",
      headers: { "content-type": "application/x-www-form-urlencoded; charset=utf-8" },
      body: new URLSearchParams(parameters).toString(),
    },
  );
  const text = await response.text();
  if (response.ok) return text;
  const [code = "ServerException"] = textsOf(text, "Code");
  const [message = text] = textsOf(text, "Message");
  throw new AwsError(code, message, response.status);
}

/** The texts of all XML elements with this name that hold only text. */
export function textsOf(xml: string, element: string): string[] {
  return [...xml.matchAll(new RegExp(`<${element}>([^<]*)</${element}>`, "g"))].map(([, text = ""]) => text);
}
