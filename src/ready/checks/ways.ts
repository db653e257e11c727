import type { ContainerDefinition, DefinitionContent } from "../../aws/task-definition.ts";
import { repositoryOf } from "../../aws/ecr.ts";
import type { Inputs } from "../../inputs/inputs.ts";
import { TO_MESSAGES, type Way } from "./network.ts";

const TO_BUCKET: Way = {
  to: "the bucket",
  services: ["s3"],
  without: "none, so that the script and its output come by the session",
};

/** The services that Fargate needs to pull an image of ECR: the layers are in S3 (AWS: "Amazon ECR interface VPC endpoints"). */
const OF_ECR = ["ecr.api", "ecr.dkr", "s3"];

/** The ways that the task needs. `isNew`: the task is to be started, for which Fargate has to reach the registry and the logs. */
export function waysOf(
  { definition, isNew }: { readonly definition: DefinitionContent | undefined; readonly isNew: boolean },
  { region, bucket }: Pick<Inputs, "region" | "bucket">,
): readonly Way[] {
  const containers = definition?.containers ?? [];
  return [
    TO_MESSAGES,
    ...(isNew ? [toRegistry(containers, region), ...toLogs(containers, region)] : []),
    ...(bucket === undefined ? [] : [TO_BUCKET]),
  ];
}

function toRegistry(containers: readonly ContainerDefinition[], region: string): Way {
  const isHere = containers.every(({ image = "" }) => repositoryOf(image)?.region === region);
  return { to: "the registry", services: isHere ? OF_ECR : [] };
}

function toLogs(containers: readonly ContainerDefinition[], region: string): readonly Way[] {
  const logs = containers.flatMap(({ awslogs }) => awslogs ?? []);
  if (logs.length === 0) return [];
  const isHere = logs.every((own) => (own.region ?? region) === region);
  return [{ to: "the containers' logs", services: isHere ? ["logs"] : [] }];
}
