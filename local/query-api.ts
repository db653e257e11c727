import { AwsError, isMotoFailure } from "./aws-error.ts";
import { type Endpoint, signedFetch } from "./signed-fetch.ts";

/**
 * Makes one call to a service of the query protocol (STS, EC2, IAM). The project's dependencies have no clients for these services.
 * Rejects with the service's error, as an `AwsError`.
 */
export async function callQueryApi(
  endpoint: Endpoint,
  service: string,
  parameters: Readonly<Record<string, string>>,
): Promise<string> {
  const response = await signedFetch(endpoint, service, {
    method: "POST",
    headers: { "content-type": "application/x-www-form-urlencoded; charset=utf-8" },
    body: new URLSearchParams(parameters).toString(),
  });
  const text = await response.text();
  if (response.ok) return text;
  if (isMotoFailure(response.status, response.headers.get("content-type"))) throw AwsError.unanswered(text);
  const [code = "ServerException"] = textsOf(text, "Code");
  const [message = text] = textsOf(text, "Message");
  throw new AwsError(code, message, response.status);
}

/** The texts of all XML elements with this name that hold only text. */
export function textsOf(xml: string, element: string): string[] {
  return [...xml.matchAll(new RegExp(`<${element}>([^<]*)</${element}>`, "g"))].map(([, text = ""]) => text);
}
