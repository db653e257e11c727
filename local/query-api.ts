/** One call of a service of the query protocol (STS, EC2, IAM), which the action has no client for. */
export async function callQueryApi(
  endpoint: string,
  region: string,
  service: string,
  parameters: Readonly<Record<string, string>>,
): Promise<string> {
  const response = await fetch(endpoint, {
    method: "POST",
    headers: {
      authorization: `AWS4-HMAC-SHA256 Credential=local/20200101/${region}/${service}/aws4_request, Signature=0`,
    },
    body: new URLSearchParams(parameters),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${service} ${parameters["Action"] ?? ""}: ${text}`);
  return text;
}

/** The text of each XML element of a name that holds only text. */
export function textsOf(xml: string, element: string): string[] {
  return [...xml.matchAll(new RegExp(`<${element}>([^<]*)</${element}>`, "g"))].map(([, text = ""]) => text);
}
