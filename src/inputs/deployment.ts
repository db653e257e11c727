import { ECS_ARN, ECS_NAME } from "./ecs-names.ts";
import type { InputReader } from "./input-reader.ts";
import { boolean, type ParseResult, shown } from "./parse.ts";

const ARN = new RegExp(`^${ECS_ARN}:service-deployment/${ECS_NAME}/${ECS_NAME}/[\\w-]{1,128}$`);

/** `true`, or the ARN of a service deployment; undefined where no deployment waits for the step. */
export function readDeployment(reader: InputReader): true | string | undefined {
  const deployment = reader.optional("deployment", parse);
  if (deployment === undefined || deployment === false) return undefined;
  const others = (["task", "task-definition", "image"] as const).filter((name) => reader.given(name));
  if (others.length === 0 && reader.given("service")) return deployment;
  reader.refuse(
    "deployment",
    "left out unless 'service' stands alone or with 'start: true'",
    others.length === 0 ? "no 'service'" : others.map((name) => `'${name}'`).join(" and "),
    "The script runs in a task of the service's new revision. To run something before the service is updated, use a step without 'deployment'.",
  );
  return undefined;
}

function parse(text: string): ParseResult<boolean | string> {
  if (ARN.test(text)) return { value: text };
  const answer = boolean(text);
  if ("value" in answer) return answer;
  return {
    must: "true or false, or the ARN of a service deployment, such as arn:aws:ecs:eu-west-1:123456789012:service-deployment/prod/web/r9i43YFjvgF_xlg7m2eJ1r",
    got: shown(text),
  };
}
