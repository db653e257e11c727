import { AwsError } from "./aws-error.ts";
import type { Caller } from "./base.ts";
import type { Calls } from "./calls.ts";

/** An answer of HTTP. */
export interface HttpAnswer {
  readonly status: number;
  readonly text: string;
}

/** A request of EC2, ECR, IAM or STS. The callers have no rights there. */
export async function answerQuery(
  calls: Calls,
  caller: Caller,
  { service, body, headers }: { readonly service: string; readonly body: string; readonly headers: object },
): Promise<HttpAnswer> {
  const target = (headers as Readonly<Record<string, string>>)["x-amz-target"];
  const action = new URLSearchParams(body).get("Action") ?? target?.split(".").at(-1) ?? "";
  const operation = `${service}:${action}`;
  const message = `You are not authorized to perform this operation.`;
  try {
    return await calls.send(caller, {
      ...{ operation, resource: "*" },
      act: (): HttpAnswer => {
        throw new AwsError("UnauthorizedOperation", 403, message);
      },
    });
  } catch (error) {
    if (!(error instanceof AwsError) || error.$metadata.httpStatusCode === undefined) throw error;
    const { name } = error;
    const text =
      target === undefined
        ? `<Response><Errors><Error><Code>${name}</Code><Message>${message}</Message></Error></Errors></Response>`
        : JSON.stringify({ __type: name, message });
    return { status: error.$metadata.httpStatusCode, text };
  }
}
