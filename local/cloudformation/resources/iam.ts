import { textsOf } from "../../query-api.ts";
import type { ResourceType } from "./resource-type.ts";

interface Provider {
  readonly Url: string;
  readonly ClientIdList?: readonly string[];
  readonly ThumbprintList?: readonly string[];
}

export const oidcProvider: ResourceType<Provider> = {
  properties: ["Url", "ClientIdList", "ThumbprintList"],
  async make({ Url, ClientIdList = [], ThumbprintList = [] }, { iam }) {
    const members = { ...list("ClientIDList", ClientIdList), ...list("ThumbprintList", ThumbprintList) };
    const xml = await iam("CreateOpenIDConnectProvider", { Url, ...members });
    const [id = ""] = textsOf(xml, "OpenIDConnectProviderArn");
    return { id, attributes: { Arn: id } };
  },
  async remove(id, { iam }) {
    await iam("DeleteOpenIDConnectProvider", { OpenIDConnectProviderArn: id });
  },
};

interface Role {
  readonly RoleName: string;
  readonly Description?: string;
  readonly AssumeRolePolicyDocument: object;
  readonly Policies?: readonly { readonly PolicyName: string; readonly PolicyDocument: object }[];
}

export const role: ResourceType<Role> = {
  properties: ["RoleName", "Description", "AssumeRolePolicyDocument", "Policies"],
  async make({ RoleName, Description = "", AssumeRolePolicyDocument }, { iam }) {
    const trust = JSON.stringify(AssumeRolePolicyDocument);
    const xml = await iam("CreateRole", { RoleName, Description, AssumeRolePolicyDocument: trust });
    const [Arn = ""] = textsOf(xml, "Arn");
    return { id: RoleName, attributes: { Arn } };
  },
  async complete({ RoleName, Policies = [] }, { iam }) {
    for (const { PolicyName, PolicyDocument } of Policies)
      await iam("PutRolePolicy", { RoleName, PolicyName, PolicyDocument: JSON.stringify(PolicyDocument) });
  },
  async remove(RoleName, { iam }) {
    const names = textsOf(await iam("ListRolePolicies", { RoleName }), "member");
    for (const PolicyName of names) await iam("DeleteRolePolicy", { RoleName, PolicyName });
    await iam("DeleteRole", { RoleName });
  },
};

/** A list as the query protocol writes it. */
function list(name: string, values: readonly string[]): Record<string, string> {
  return Object.fromEntries(values.map((value, i) => [`${name}.member.${i + 1}`, value]));
}
