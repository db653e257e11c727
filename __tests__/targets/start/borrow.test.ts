import type { Service } from "../../../src/aws/ecs.ts";
import type { StartInputs } from "../../../src/inputs/inputs.ts";
import { borrow } from "../../../src/targets/start/borrow.ts";
import { aService, SPOT, startInputs } from "../../helpers/start-inputs.ts";
import { thrownBy } from "../../helpers/thrown.ts";

const nothing = startInputs({ subnets: [] });

it("takes network and platform version of the service", () => {
  expect(borrow(nothing, aService())).toEqual({
    ...nothing,
    subnets: ["subnet-8", "subnet-9"],
    securityGroups: ["sg-9"],
    assignPublicIp: true,
    platformVersion: "1.4.0",
  });
});

it.each<[string, Partial<StartInputs>]>([
  ["subnets", { subnets: ["subnet-1"] }],
  ["security groups", { securityGroups: ["sg-1"] }],
  ["the public address", { assignPublicIp: false }],
  ["the platform version", { platformVersion: "LATEST" }],
  ["the capacity providers", { capacityProviders: [SPOT] }],
])("leaves %s as the inputs have it", (_, given) => {
  const service = aService({ capacityProviders: [{ name: "FARGATE", weight: 1, base: 1 }] });
  expect(borrow({ ...nothing, ...given }, service)).toMatchObject(given);
});

it("takes the service's capacity providers, which stand over its launch type", () => {
  const capacityProviders = [{ ...SPOT, base: 2 }];
  expect(borrow(nothing, aService({ launchType: "EC2", capacityProviders })).capacityProviders).toEqual(
    capacityProviders,
  );
});

it.each<[string, Partial<Service>]>([
  ["EC2", { launchType: "EC2" }],
  ["EXTERNAL", { launchType: "EXTERNAL" }],
  ["big-machines", { launchType: undefined, capacityProviders: [{ ...SPOT, name: "big-machines" }] }],
])("refuses a service that runs on %s", (where, service) => {
  expect(thrownBy(() => borrow(nothing, aService(service)))).toMatchObject({
    code: "bad-input",
    failed: expect.stringContaining("'service'") as string,
    seen: `Got 'web', which runs on ${where}.`,
  });
});
