import { CloudWatchLogsClient } from "@aws-sdk/client-cloudwatch-logs";
import { CreateClusterCommand, type ExecuteCommandConfiguration } from "@aws-sdk/client-ecs";
import { CreateBucketCommand } from "@aws-sdk/client-s3";
import { callQueryApi, textsOf } from "../../local/query-api.ts";
import type { StepResult } from "../../local/runner/step.ts";
import { clientConfig } from "../local/with-local.ts";
import { Aws, type Inputs, mainLog } from "./local.ts";

/** The set-up of one test on a local Fargate that several share: all that it makes has a name of its own. */
export class SetUp {
  readonly aws: Aws;
  /** Begins the name of all that the set-up makes. */
  readonly name: string;
  /** An action that the caller's role is denied. */
  denied: string | undefined;
  /** Files of docs/iam that the caller's role lacks. */
  lacks: readonly string[] = [];

  constructor(aws: Aws, name: string) {
    this.aws = aws;
    this.name = name;
  }

  /** The rows of a check with these inputs, by a role with the policies of docs/iam that they need. */
  async check(given: Inputs, env: Readonly<Record<string, string>> = {}): Promise<CheckRun> {
    const inputs = { check: "true", ...given };
    const result = await this.aws.step(inputs, { env: { ...(await this.#keys(inputs)), ...env } });
    const rows = mainLog(result).flatMap((line) => {
      const [, verdict = "", name = ""] = /^ {2}(OK|NG|SKIP) +([^:]+): /.exec(line) ?? [];
      return verdict === "" ? [] : [{ verdict, name, line }];
    });
    return { result, rows, wrong: rows.filter(({ verdict }) => verdict === "NG").map(({ name }) => name) };
  }

  async #keys(inputs: Inputs): Promise<Readonly<Record<string, string>>> {
    const { local } = this.aws.world;
    const { denied, lacks } = this;
    const Statement = { Effect: "Deny", Action: denied, Resource: "*" };
    local.iam.principals.setRole(this.name, [
      ...this.aws.rights.caller(inputs, { lacks, names: { "caller-role": this.name } }),
      ...(denied === undefined ? [] : [{ Version: "2012-10-17", Statement }]),
    ]);
    return await local.sessionEnv(`arn:aws:iam::${local.accountId}:role/${this.name}`, 7_200);
  }

  /** A role for tasks, with these policies. */
  taskRole(policies: readonly unknown[]): string {
    const { local } = this.aws.world;
    local.iam.principals.setRole(`${this.name}-task`, policies);
    return `arn:aws:iam::${local.accountId}:role/${this.name}-task`;
  }

  /** Calls EC2 with all rights. Returns the text of the answer's first such element. */
  async ec2(action: string, parameters: Readonly<Record<string, string>>, element = "x"): Promise<string> {
    const { local } = this.aws.world;
    const call = { Action: action, Version: "2016-11-15", ...parameters };
    return textsOf(await callQueryApi(local.asAdmin, "ec2", call), element)[0] ?? "";
  }

  /** A VPC of one subnet, with a security group, and no way out of it. */
  async vpc(): Promise<{ readonly vpc: string; readonly subnet: string; readonly group: string }> {
    const vpc = await this.ec2("CreateVpc", { CidrBlock: "10.1.0.0/16" }, "vpcId");
    const subnet = await this.ec2("CreateSubnet", { VpcId: vpc, CidrBlock: "10.1.1.0/24" }, "subnetId");
    const names = { GroupName: this.name, GroupDescription: this.name, VpcId: vpc };
    return { vpc, subnet, group: await this.ec2("CreateSecurityGroup", names, "groupId") };
  }

  /** Makes an internet gateway, and leads all of the VPC's subnets to it. */
  async internet(VpcId: string): Promise<void> {
    const InternetGatewayId = await this.ec2("CreateInternetGateway", {}, "internetGatewayId");
    await this.ec2("AttachInternetGateway", { InternetGatewayId, VpcId });
    await this.route(VpcId, { GatewayId: InternetGatewayId });
  }

  /** Sets the default route of a VPC's main route table. */
  async route(vpc: string, target: Readonly<Record<string, string>>): Promise<void> {
    const filter = { "Filter.1.Name": "vpc-id", "Filter.1.Value.1": vpc };
    const RouteTableId = await this.ec2("DescribeRouteTables", filter, "routeTableId");
    await this.ec2("CreateRoute", { RouteTableId, DestinationCidrBlock: "0.0.0.0/0", ...target });
  }

  async endpoint(VpcId: string, service = "ssmmessages"): Promise<void> {
    const ServiceName = `com.amazonaws.${this.aws.world.local.region}.${service}`;
    await this.ec2("CreateVpcEndpoint", { VpcId, ServiceName, VpcEndpointType: "Interface" });
  }

  /** A gateway to S3, for the subnets of a VPC's main route table. */
  async gatewayToS3(VpcId: string): Promise<void> {
    const filter = { "Filter.1.Name": "vpc-id", "Filter.1.Value.1": VpcId };
    const table = await this.ec2("DescribeRouteTables", filter, "routeTableId");
    const ServiceName = `com.amazonaws.${this.aws.world.local.region}.s3`;
    await this.ec2("CreateVpcEndpoint", {
      VpcId,
      ServiceName,
      VpcEndpointType: "Gateway",
      "RouteTableId.1": table,
    });
  }

  /** Leads all of a VPC's subnets, which have no way out, to a NAT gateway. */
  async nat(vpc: string, SubnetId: string): Promise<void> {
    await this.route(vpc, { NatGatewayId: await this.ec2("CreateNatGateway", { SubnetId }, "natGatewayId") });
  }

  /** Makes a cluster with this configuration. Returns its name. */
  async cluster(executeCommandConfiguration: ExecuteCommandConfiguration): Promise<string> {
    const configuration = { executeCommandConfiguration };
    await this.aws.world.ecs.send(new CreateClusterCommand({ clusterName: this.name, configuration }));
    return this.name;
  }

  async bucket(): Promise<string> {
    await this.aws.s3.send(new CreateBucketCommand({ Bucket: this.name }));
    return this.name;
  }

  get logs(): CloudWatchLogsClient {
    return new CloudWatchLogsClient(clientConfig(this.aws.world.local));
  }
}

export interface CheckRun {
  readonly result: StepResult;
  readonly rows: readonly { readonly verdict: string; readonly name: string; readonly line: string }[];
  /** The names of the rows that are NG. */
  readonly wrong: readonly string[];
}
