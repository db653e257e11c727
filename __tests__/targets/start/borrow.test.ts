import type { Service } from "../../../src/aws/ecs.ts";
import type { NewTaskSource, StartInputs } from "../../../src/inputs/inputs.ts";
import { borrow } from "../../../src/targets/start/borrow.ts";
import { aService, BIG_MACHINES, SPOT, startInputs } from "../../helpers/start-inputs.ts";

const nothing = startInputs({ subnets: [] });
const OWN: NewTaskSource = { kind: "service" };
const IMAGE: NewTaskSource = { kind: "image", image: "python:3.13", architecture: undefined };

it("takes network and platform version of the service", () => {
  expect(borrow(nothing, aService(), OWN)).toEqual({
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
  ["the capacity providers", { capacityProviders: [SPOT] }],
])("leaves %s as the inputs have it", (_, given) => {
  const service = aService({ capacityProviders: [{ name: "FARGATE", weight: 1, base: 1 }] });
  expect(borrow({ ...nothing, ...given }, service, OWN)).toMatchObject(given);
});

it("takes the service's capacity providers, which come before its launch type", () => {
  const capacityProviders = [{ ...SPOT, base: 2 }];
  expect(borrow(nothing, aService({ launchType: "EC2", capacityProviders }), OWN).capacityProviders).toEqual(
    capacityProviders,
  );
});

const elsewhere: readonly [string, Partial<Service>][] = [
  ["EC2", { launchType: "EC2" }],
  ["EXTERNAL", { launchType: "EXTERNAL" }],
  ["big-machines", { launchType: undefined, capacityProviders: [BIG_MACHINES] }],
];

it.each(elsewhere)("takes what the service runs on: %s", (_, service) => {
  const { launchType = "FARGATE", capacityProviders = [] } = service;
  expect(borrow(nothing, aService(service), OWN)).toMatchObject({ launchType, capacityProviders });
});

it.each(elsewhere)("takes the network alone from a service on %s for a stock image", (_, service) => {
  const borrowed = borrow(nothing, aService(service), IMAGE);
  expect(borrowed).toMatchObject({
    launchType: "FARGATE",
    capacityProviders: [],
    subnets: ["subnet-8", "subnet-9"],
  });
});

it("takes nothing without a service, so that the task is on Fargate", () => {
  expect(borrow(nothing, undefined, IMAGE)).toEqual(nothing);
});
