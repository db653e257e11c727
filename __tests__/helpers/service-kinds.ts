import type { Definition } from "./run-task-rules.ts";

export const ARN = "arn:aws:ecs:eu-central-1:123456789012";
export const OWN = `${ARN}:task-definition/shop:7`;
export const OTHER = `${ARN}:task-definition/migrate:2`;

const awsvpcConfiguration = { subnets: ["subnet-1"], securityGroups: ["sg-1"], assignPublicIp: "DISABLED" };
const network = { networkConfiguration: { awsvpcConfiguration } };
const GPU = { capacityProvider: "gpu", weight: 1, base: 0 };
export const ROLE = "arn:aws:iam::123456789012:role/infrastructure";
const EBS = {
  name: "data",
  managedEBSVolume: {
    ...{ encrypted: true, volumeType: "gp3", sizeInGiB: 50, filesystemType: "xfs", roleArn: ROLE },
    tagSpecifications: [
      { resourceType: "volume", propagateTags: "SERVICE" },
      { resourceType: "volume", propagateTags: "SERVICE", tags: [{ key: "team", value: "shop" }] },
    ],
  },
};
/** The same in the shape of RunTask. */
const TASK_EBS = {
  ...EBS,
  managedEBSVolume: {
    ...EBS.managedEBSVolume,
    tagSpecifications: [{ resourceType: "volume", tags: [{ key: "team", value: "shop" }] }],
  },
};

export type Json = Readonly<Record<string, unknown>>;

/** A kind of service: what AWS answers about it, and what its own task definition is for. */
export interface Kind {
  readonly service: Json;
  /** DescribeExpressGatewayService's `service`; undefined: nothing may ask for it. */
  readonly express?: Json;
  /** DescribeServiceRevisions' answer for the Express service's revision; undefined: nothing may ask for it. */
  readonly revision?: Json | undefined;
  readonly definition: Definition;
  /** The members of RunTask that follow from the kind of service alone. */
  readonly expected: Json;
}

export const onFargate: Definition = {
  ...{ networkMode: "awsvpc", requiresCompatibilities: ["FARGATE"], cpu: "256", memory: "512" },
};
const onInstances = { networkMode: "awsvpc", requiresCompatibilities: ["EC2"] };
export const bridged = { networkMode: "bridge", requiresCompatibilities: ["EC2"] };
export const managed = { networkMode: "awsvpc", requiresCompatibilities: ["MANAGED_INSTANCES"] };
const primary = (more: Json): Json => ({ deployments: [{ id: "ecs-svc/1", status: "PRIMARY", ...more }] });
const rolling = { deploymentController: { type: "ECS" }, resourceManagementType: "CUSTOMER" };
const byTaskSets = (type: string): Json => ({
  deploymentController: { type },
  taskSets: [
    { status: "ACTIVE", taskDefinition: `${ARN}:task-definition/shop:8`, launchType: "FARGATE", ...network },
    { status: "PRIMARY", taskDefinition: OWN, launchType: "FARGATE", platformVersion: "1.4.0", ...network },
  ],
});
export const strategy = (...capacityProviderStrategy: readonly Json[]): Json => ({
  capacityProviderStrategy,
});
const placement = {
  placementConstraints: [
    { type: "memberOf", expression: "attribute:ecs.instance-type =~ g4dn.*" },
    { type: "distinctInstance" },
  ],
  placementStrategy: [{ type: "spread", field: "attribute:ecs.availability-zone" }],
};
const REVISION = `${ARN}:service-revision/ci/shop/2`;
const FARGATE = { launchType: "FARGATE" };
const SPOT = [
  { capacityProvider: "FARGATE_SPOT", weight: 3, base: 0 },
  { capacityProvider: "FARGATE", weight: 1, base: 1 },
];

/** The same in the shape of RunTask: a base of 0 is not sent. */
const SPOT_SENT = [
  { capacityProvider: "FARGATE_SPOT", weight: 3 },
  { capacityProvider: "FARGATE", weight: 1, base: 1 },
];

/** Each kind of service that ECS has, as AWS's shapes tell it (botocore's model of ECS; the AWS SDK's types). */
export const KINDS: Readonly<Record<string, Kind>> = {
  Fargate: {
    service: { ...rolling, taskDefinition: OWN, ...FARGATE, platformVersion: "LATEST", ...network },
    ...{ definition: onFargate, expected: FARGATE },
  },
  "Fargate Spot": {
    service: { ...rolling, taskDefinition: OWN, ...strategy(...SPOT), platformVersion: "1.4.0", ...network },
    ...{ definition: onFargate, expected: strategy(...SPOT_SENT) },
  },
  "EC2 in bridge mode": {
    service: { ...rolling, taskDefinition: OWN, launchType: "EC2" },
    ...{ definition: bridged, expected: { launchType: "EC2" } },
  },
  "EC2 with placement": {
    service: { ...rolling, taskDefinition: OWN, launchType: "EC2", ...placement },
    ...{ definition: bridged, expected: { launchType: "EC2", ...placement } },
  },
  "an Auto Scaling group with placement": {
    service: { ...rolling, taskDefinition: OWN, ...strategy(GPU), ...network, ...placement },
    ...{
      definition: onInstances,
      expected: { ...strategy({ capacityProvider: "gpu", weight: 1 }), ...placement },
    },
  },
  "EC2 in awsvpc mode": {
    service: { ...rolling, taskDefinition: OWN, launchType: "EC2", ...network },
    ...{ definition: onInstances, expected: { launchType: "EC2" } },
  },
  "ECS Anywhere": {
    service: { ...rolling, taskDefinition: OWN, launchType: "EXTERNAL" },
    definition: { networkMode: "bridge", requiresCompatibilities: ["EXTERNAL"] },
    expected: { launchType: "EXTERNAL" },
  },
  "an Auto Scaling group with GPUs": {
    service: { ...rolling, taskDefinition: OWN, ...strategy(GPU), ...network },
    definition: { ...onInstances, gpus: 1 },
    expected: strategy({ capacityProvider: "gpu", weight: 1 }),
  },
  "managed instances": {
    service: {
      ...rolling,
      taskDefinition: OWN,
      ...strategy({ ...GPU, capacityProvider: "managed" }),
      ...network,
    },
    ...{ definition: managed, expected: strategy({ capacityProvider: "managed", weight: 1 }) },
  },
  "managed instances, told as a launch type": {
    service: { ...rolling, taskDefinition: OWN, launchType: "MANAGED_INSTANCES", ...network },
    // Without either ECS takes the cluster's default strategy.
    ...{ definition: managed, expected: {} },
  },
  EXTERNAL: { service: byTaskSets("EXTERNAL"), definition: onFargate, expected: FARGATE },
  CODE_DEPLOY: {
    service: {
      ...byTaskSets("CODE_DEPLOY"),
      taskDefinition: `${ARN}:task-definition/shop:1`,
      launchType: "EC2",
    },
    ...{ definition: onFargate, expected: FARGATE },
  },
  "blue/green of ECS": {
    service: {
      ...{ ...rolling, taskDefinition: OWN, ...FARGATE, platformVersion: "1.4.0", ...network },
      ...primary({ taskDefinition: OWN, ...FARGATE, ...network }),
    },
    ...{ definition: onFargate, expected: FARGATE },
  },
  "with an EBS volume": {
    service: {
      ...{ ...rolling, taskDefinition: OWN, ...FARGATE, platformVersion: "1.4.0", ...network },
      ...primary({ taskDefinition: OWN, ...FARGATE, ...network, volumeConfigurations: [EBS] }),
    },
    definition: { ...onFargate, volumes: [{ name: "data", configuredAtLaunch: true }, { name: "scratch" }] },
    expected: { ...FARGATE, volumeConfigurations: [TASK_EBS] },
  },
  "Express, told by its deployment": {
    service: {
      ...{ deploymentController: { type: "ECS" }, resourceManagementType: "ECS" },
      ...primary({ taskDefinition: OWN, ...FARGATE, platformVersion: "1.4.0", ...network }),
    },
    ...{ definition: onFargate, expected: FARGATE },
  },
  "Express, told by its own call": {
    service: { deploymentController: { type: "ECS" }, resourceManagementType: "ECS" },
    express: {
      activeConfigurations: [
        {
          taskDefinitionArn: `${ARN}:task-definition/shop:6`,
          createdAt: 1,
          networkConfiguration: { subnets: ["subnet-6"] },
        },
        {
          taskDefinitionArn: OWN,
          createdAt: 2,
          networkConfiguration: { subnets: ["subnet-1"], securityGroups: ["sg-1"] },
          serviceRevisionArn: REVISION,
        },
      ],
    },
    revision: {
      ...{ serviceRevisionArn: REVISION, taskDefinition: OWN, ...FARGATE },
      networkConfiguration: { awsvpcConfiguration: { ...awsvpcConfiguration, assignPublicIp: "ENABLED" } },
    },
    definition: onFargate,
    expected: {
      ...FARGATE,
      networkConfiguration: { awsvpcConfiguration: { ...awsvpcConfiguration, assignPublicIp: "ENABLED" } },
    },
  },
  "Express, told by both": {
    service: {
      ...{ deploymentController: { type: "ECS" }, resourceManagementType: "ECS" },
      ...primary({ taskDefinition: OWN, ...strategy(...SPOT) }),
    },
    express: {
      activeConfigurations: [{ networkConfiguration: { subnets: ["subnet-1"], securityGroups: ["sg-1"] } }],
    },
    ...{ definition: onFargate, expected: strategy(...SPOT_SENT) },
  },
};
