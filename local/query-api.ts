import { signedFetch } from "./signed-fetch.ts";

/**
 * Makes one call with the admin's key to a service of the query protocol (STS, EC2, IAM), for which the action has no
 * client.
 */
export async function callQueryApi(
  endpoint: string,
  region: string,
  service: string,
  parameters: Readonly<Record<string, string>>,
): Promise<string> {
  const response = await signedFetch(
    `${endpoint}/`,
    { region, service },
    {
      method: "POST",
      headers: { "content-type": "application/x-www-form-urlencoded; charset=utf-8" },
      body: new URLSearchParams(parameters).toString(),
    },
  );
  const text = await response.text();
  if (!response.ok) throw new Error(`${service} ${parameters["Action"] ?? ""}: ${text}`);
  return text;
}

/** The text of each XML element of a name that holds only text. */
export function textsOf(xml: string, element: string): string[] {
  return [...xml.matchAll(new RegExp(`<${element}>([^<]*)</${element}>`, "g"))].map(([, text = ""]) => text);
}
