import { waysOf } from "../../../src/ready/checks/ways.ts";
import { aDefinition } from "../../helpers/tasks.ts";

const HERE = "eu-central-1";
const ECR = (region: string) => `123456789012.dkr.ecr.${region}.amazonaws.com/shop:1`;

function ways(
  images: readonly string[],
  { isNew = true, logs, bucket }: { isNew?: boolean; logs?: string; bucket?: string } = {},
) {
  const awslogs =
    logs === undefined ? undefined : { group: "g", region: logs, streamPrefix: "s", createsGroup: false };
  const definition = aDefinition(images.map((image) => ({ image, awslogs })));
  const found = waysOf({ definition, isNew }, { region: HERE, bucket });
  return Object.fromEntries(found.map(({ to, services }) => [to, services]));
}

const messages = { ssmmessages: ["ssmmessages"] };
const ofEcr = ["ecr.api", "ecr.dkr", "s3"];

it.each([
  ["an image of ECR", [ECR(HERE)], ofEcr],
  ["one of ECR in another region", [ECR("eu-west-1")], []],
  ["one of another registry", ["public.ecr.aws/docker/library/python:3.13"], []],
  ["one of each", [ECR(HERE), "busybox"], []],
])("a new task of %s needs the way to the registry by these endpoints", (_, images, services) => {
  expect(ways(images)).toEqual({ ...messages, "the registry": services });
});

it("a new task whose containers log by awslogs needs the way to CloudWatch Logs", () => {
  expect(ways([ECR(HERE)], { logs: HERE })).toMatchObject({ "the containers' logs": ["logs"] });
  expect(ways([ECR(HERE)], { logs: "eu-west-1" })).toMatchObject({ "the containers' logs": [] });
});

it("a task that runs has its image, and uses the bucket", () => {
  expect(ways([ECR(HERE)], { isNew: false, logs: HERE, bucket: "scripts" })).toEqual({
    ...messages,
    "the bucket": ["s3"],
  });
});
