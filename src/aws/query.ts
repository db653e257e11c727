import type { AwsClients } from "./clients.ts";
import { attempt } from "./failures.ts";
import type { Answer } from "./http.ts";
import type { Call } from "./thrown.ts";
import { answerOf, textsOf, type Xml } from "./xml.ts";

/** The versions of the APIs. */
const VERSIONS = { ec2: "2016-11-15", iam: "2010-05-08", sts: "2011-06-15" } as const;
type Service = keyof typeof VERSIONS;

export type Query = (
  service: Service,
  action: string,
  resource: string,
  parameters: Readonly<Record<string, string>>,
) => Promise<Xml>;

/** Makes calls of AWS Query APIs. A call resolves with its answer, and fails with a `Failure`. */
export function queryCalls(clients: AwsClients): Query {
  return async (service, action, resource, parameters) => {
    const to = await clients.endpoint(service, clients.region);
    const call: Call = { service, action: `${service}:${action}`, resource, region: to.region };
    return await attempt(call, clients.signal, async () => {
      const body = new URLSearchParams({
        Action: action,
        Version: VERSIONS[service],
        ...parameters,
      }).toString();
      const headers = { "content-type": "application/x-www-form-urlencoded; charset=utf-8" };
      const answer = await clients.post({ service, to, headers, body });
      if (answer.status !== 200) throw thrown(answer);
      return answerOf(answer.text);
    });
  };
}

/** The error of an answer, in the shape of the SDK's exceptions. */
function thrown({ status, text }: Answer): Error {
  const said = answerIn(text);
  const error = new Error(textsOf(said, "Message")[0] ?? "no message");
  error.name = textsOf(said, "Code")[0] ?? "UnknownError";
  const requestId = textsOf(said, "RequestID")[0] ?? textsOf(said, "RequestId")[0];
  return Object.assign(error, {
    $metadata: { httpStatusCode: status, requestId },
    $response: { beginning: text },
  });
}

/** An element without members when the text is no XML, as from a proxy or a load balancer. */
function answerIn(text: string): Xml {
  try {
    return answerOf(text);
  } catch {
    return {};
  }
}
