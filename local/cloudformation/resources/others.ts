import {
  CreateLogGroupCommand,
  DeleteLogGroupCommand,
  PutRetentionPolicyCommand,
} from "@aws-sdk/client-cloudwatch-logs";
import { textsOf } from "../../query-api.ts";
import type { ResourceType } from "./resource-type.ts";

interface LogGroup {
  readonly LogGroupName: string;
  readonly RetentionInDays?: number;
}

export const logGroup: ResourceType<LogGroup> = {
  properties: ["LogGroupName", "RetentionInDays"],
  async make({ LogGroupName: logGroupName }, { logs }) {
    await logs.send(new CreateLogGroupCommand({ logGroupName }));
    return { id: logGroupName };
  },
  async complete({ LogGroupName: logGroupName, RetentionInDays: retentionInDays }, { logs }) {
    if (retentionInDays !== undefined)
      await logs.send(new PutRetentionPolicyCommand({ logGroupName, retentionInDays }));
  },
  async remove(logGroupName, { logs }) {
    await logs.send(new DeleteLogGroupCommand({ logGroupName }));
  },
};

interface SecurityGroup {
  readonly GroupName: string;
  readonly GroupDescription: string;
  readonly VpcId: string;
  readonly SecurityGroupEgress?: readonly {
    readonly IpProtocol: string;
    readonly CidrIp: string;
    readonly Description?: string;
  }[];
}

export const securityGroup: ResourceType<SecurityGroup> = {
  properties: ["GroupName", "GroupDescription", "VpcId", "SecurityGroupEgress"],
  async make({ GroupName, GroupDescription, VpcId }, { ec2 }) {
    const xml = await ec2("CreateSecurityGroup", { GroupName, GroupDescription, VpcId });
    const [id = ""] = textsOf(xml, "groupId");
    return { id, attributes: { GroupId: id } };
  },
  async complete({ SecurityGroupEgress: rules }, { ec2 }, { id: GroupId }) {
    if (rules === undefined) return;
    // A new group has a rule that lets everything out. A template's own rules replace it.
    await ec2("RevokeSecurityGroupEgress", { GroupId, ...permission("-1", "0.0.0.0/0") });
    for (const { IpProtocol, CidrIp, Description = "" } of rules)
      await ec2("AuthorizeSecurityGroupEgress", { GroupId, ...permission(IpProtocol, CidrIp, Description) });
  },
  async remove(GroupId, { ec2 }) {
    await ec2("DeleteSecurityGroup", { GroupId });
  },
};

function permission(protocol: string, cidr: string, description?: string): Record<string, string> {
  return {
    "IpPermissions.1.IpProtocol": protocol,
    "IpPermissions.1.IpRanges.1.CidrIp": cidr,
    ...(description !== undefined && { "IpPermissions.1.IpRanges.1.Description": description }),
  };
}
