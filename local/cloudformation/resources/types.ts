import { cluster, service, taskDefinition } from "./ecs.ts";
import { oidcProvider, role } from "./iam.ts";
import { logGroup, securityGroup } from "./others.ts";
import type { ResourceType } from "./resource-type.ts";
import { bucket, bucketPolicy } from "./s3.ts";

/** All types of resources that a stack of the local Fargate may have. */
export const types: Readonly<Record<string, ResourceType<never>>> = {
  "AWS::EC2::SecurityGroup": securityGroup,
  "AWS::ECS::Cluster": cluster,
  "AWS::ECS::Service": service,
  "AWS::ECS::TaskDefinition": taskDefinition,
  "AWS::IAM::OIDCProvider": oidcProvider,
  "AWS::IAM::Role": role,
  "AWS::Logs::LogGroup": logGroup,
  "AWS::S3::Bucket": bucket,
  "AWS::S3::BucketPolicy": bucketPolicy,
};
