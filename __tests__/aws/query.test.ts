import { ec2Calls } from "../../src/aws/ec2.ts";
import { iamCalls } from "../../src/aws/iam.ts";
import { queryCalls } from "../../src/aws/query.ts";
import { endpoint, setEnvironment, type Answer, type Endpoint } from "../helpers/aws-endpoint.ts";

let open: Endpoint | undefined;
afterEach(async () => {
  await open?.close();
  open = undefined;
});

async function startEndpoint(body: string, status = 200) {
  open = await endpoint((): Answer => ({ status, body }));
  const query = queryCalls(open.clients);
  return { ec2: ec2Calls(query), iam: iamCalls(query) };
}
const sent = () => Object.fromEntries(new URLSearchParams(open?.received[0]?.body));

it("finds the public address and the VPC of a network interface", async () => {
  const { ec2 } = await startEndpoint(
    "<X><networkInterfaceSet><item><vpcId>vpc-1</vpcId><subnetId>subnet-1</subnetId><association>" +
      "<publicIp>203.0.113.7</publicIp></association><groupSet><item><groupId>sg-1</groupId></item>" +
      "<item><groupId>sg-2</groupId></item></groupSet></item></networkInterfaceSet></X>",
  );
  expect(await ec2.describeNetworkInterface("eni-1")).toEqual({
    ...{ vpcId: "vpc-1", subnetId: "subnet-1", publicIp: "203.0.113.7" },
    securityGroups: ["sg-1", "sg-2"],
  });
  expect(sent()).toEqual({
    Action: "DescribeNetworkInterfaces",
    Version: "2016-11-15",
    "Filter.1.Name": "network-interface-id",
    "Filter.1.Value.1": "eni-1",
  });
  expect(open?.received[0]).toMatchObject({ method: "POST", url: "/" });
  expect(open?.received[0]?.headers).toMatchObject({
    "content-type": "application/x-www-form-urlencoded; charset=utf-8",
    authorization: expect.stringMatching(
      /^AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE\/\d{8}\/eu-central-1\/ec2\/aws4_request, /,
    ) as string,
  });
});

it("answers undefined for a network interface that is not there", async () => {
  const { ec2 } = await startEndpoint("<X><networkInterfaceSet/></X>");
  expect(await ec2.describeNetworkInterface("eni-1")).toBeUndefined();
});

it("lists the endpoints of a VPC", async () => {
  const { ec2 } = await startEndpoint(
    "<X><vpcEndpointSet><item><serviceName>a.s3</serviceName><vpcEndpointType>Gateway</vpcEndpointType>" +
      "<routeTableIdSet><item>rtb-1</item><item>rtb-2</item></routeTableIdSet></item><item><serviceName>a.ssm</serviceName>" +
      "<state>rejected</state><privateDnsEnabled>false</privateDnsEnabled></item></vpcEndpointSet></X>",
  );
  expect(await ec2.describeVpcEndpoints("vpc-1")).toEqual([
    { serviceName: "a.s3", privateDns: true, routeTables: ["rtb-1", "rtb-2"] },
    { serviceName: "a.ssm", privateDns: false, routeTables: undefined, state: "rejected" },
  ]);
  expect(sent()).toMatchObject({ "Filter.1.Name": "vpc-id", "Filter.1.Value.1": "vpc-1" });
});

it.each([
  ["0.0.0.0/0", "::/0", "nat-1"],
  ["::/0", "0.0.0.0/0", "igw-1"],
])("of two default routes that of IPv4 counts, in any order: %s, %s", async (first, second, expected) => {
  const member = (block: string): string =>
    block.includes(":") ? "destinationIpv6CidrBlock" : "destinationCidrBlock";
  const route = (block: string, target: string): string =>
    `<item><${member(block)}>${block}</${member(block)}>${target}<state>active</state></item>`;
  const { ec2 } = await startEndpoint(
    "<X><routeTableSet><item><routeTableId>rtb-1</routeTableId><routeSet>" +
      route(first, "<natGatewayId>nat-1</natGatewayId>") +
      route(second, "<gatewayId>igw-1</gatewayId>") +
      "</routeSet></item></routeTableSet></X>",
  );
  expect(await ec2.describeRouteTables("vpc-1")).toMatchObject([{ defaultTarget: expected }]);
});

it.each([
  ["<gatewayId>igw-1</gatewayId>", "igw-1"],
  ["<natGatewayId>nat-1</natGatewayId>", "nat-1"],
  ["<transitGatewayId>tgw-1</transitGatewayId>", "tgw-1"],
  ["<natGatewayId>nat-1</natGatewayId><state>blackhole</state>", undefined],
])("tells where a subnet's default route leads: %s", async (target, expected) => {
  const { ec2 } = await startEndpoint(
    "<X><routeTableSet><item><routeTableId>rtb-1</routeTableId><associationSet><item><main>true</main></item><item><main>false</main>" +
      "<subnetId>subnet-1</subnetId></item></associationSet><routeSet><item><destinationCidrBlock>10.0.0.0/16" +
      "</destinationCidrBlock><gatewayId>local</gatewayId></item><item><destinationCidrBlock>0.0.0.0/0" +
      `</destinationCidrBlock>${target}</item></routeSet></item></routeTableSet></X>`,
  );
  expect(await ec2.describeRouteTables("vpc-1")).toEqual([
    { id: "rtb-1", isMain: true, subnets: ["subnet-1"], defaultTarget: expected },
  ]);
});

it.each([
  ["<ipProtocol>-1</ipProtocol>", true],
  ["<ipProtocol>tcp</ipProtocol><fromPort>443</fromPort><toPort>443</toPort>", true],
  ["<ipProtocol>tcp</ipProtocol><fromPort>0</fromPort><toPort>65535</toPort>", true],
  ["<ipProtocol>tcp</ipProtocol><fromPort>80</fromPort><toPort>80</toPort>", false],
  ["<ipProtocol>udp</ipProtocol><fromPort>443</fromPort><toPort>443</toPort>", false],
])("tells whether a security group lets HTTPS out: %s", async (rule, letsHttpsOut) => {
  const { ec2 } = await startEndpoint(
    `<X><securityGroupInfo><item><groupId>sg-1</groupId><ipPermissionsEgress><item>${rule}</item>` +
      "</ipPermissionsEgress></item></securityGroupInfo></X>",
  );
  expect(await ec2.describeSecurityGroups(["sg-1"], "vpc-1")).toEqual([{ id: "sg-1", letsHttpsOut }]);
  expect(sent()).toMatchObject({ "Filter.1.Name": "group-id", "Filter.1.Value.1": "sg-1" });
});

it("looks at a VPC's default security group when none is named", async () => {
  const { ec2 } = await startEndpoint("<X><securityGroupInfo/></X>");
  expect(await ec2.describeSecurityGroups([], "vpc-1")).toEqual([]);
  expect(sent()).toMatchObject({ "Filter.1.Value.1": "vpc-1", "Filter.2.Value.1": "default" });
});

it("tells who calls", async () => {
  const { iam } = await startEndpoint("<X><Arn>arn:aws:sts::123456789012:assumed-role/ci/run</Arn></X>");
  expect(await iam.identifyCaller()).toBe("arn:aws:sts::123456789012:assumed-role/ci/run");
  expect(sent()).toEqual({ Action: "GetCallerIdentity", Version: "2011-06-15" });
});

it("fails instead of naming denied actions when the simulator lacks the value of a condition key", async () => {
  const { iam } = await startEndpoint(
    "<X><member><EvalActionName>a:A</EvalActionName><EvalDecision>implicitDeny</EvalDecision>" +
      "<MissingContextValues><member>aws:PrincipalTag/team</member></MissingContextValues></member></X>",
  );
  await expect(iam.listDenied("arn:role", ["a:A"], ["arn:x"])).rejects.toMatchObject({
    code: "aws-error",
    seen: expect.stringContaining("aws:PrincipalTag/team") as string,
  });
});

it("finds MissingContextValues in ResourceSpecificResults, too, and decodes their XML entities", async () => {
  const { iam } = await startEndpoint(
    "<X><EvaluationResults><member><EvalActionName>a:A</EvalActionName><EvalDecision>implicitDeny</EvalDecision>" +
      "<MissingContextValues/><ResourceSpecificResults><member><MissingContextValues>" +
      "<member>aws:ResourceTag/&quot;a&amp;b&quot;</member></MissingContextValues></member>" +
      "</ResourceSpecificResults></member></EvaluationResults></X>",
  );
  await expect(iam.listDenied("arn:role", ["a:A"], ["arn:x"])).rejects.toMatchObject({
    seen: expect.stringContaining('aws:ResourceTag/"a&b"') as string,
  });
});

it("tells which actions a role lacks", async () => {
  const decision = (action: string, what: string) =>
    `<member><EvalActionName>${action}</EvalActionName><EvalDecision>${what}</EvalDecision></member>`;
  const { iam } = await startEndpoint(
    `<X>${decision("a:A", "allowed")}${decision("a:B", "implicitDeny")}${decision("a:C", "explicitDeny")}</X>`,
  );
  expect(await iam.listDenied("arn:role", ["a:A", "a:B", "a:C"], ["arn:x"])).toEqual(["a:B", "a:C"]);
  expect(sent()).toMatchObject({
    Action: "SimulatePrincipalPolicy",
    PolicySourceArn: "arn:role",
    "ActionNames.member.1": "a:A",
    "ActionNames.member.3": "a:C",
    "ResourceArns.member.1": "arn:x",
  });
});

it.each([
  ["UnauthorizedOperation", 403, "access-denied"],
  ["RequestLimitExceeded", 503, "throttled"],
  ["InvalidNetworkInterfaceID.NotFound", 400, "aws-error"],
])("fails with AWS's own words: %s", async (code, status, expected) => {
  const { ec2 } = await startEndpoint(
    `<Response><Errors><Error><Code>${code}</Code><Message>No.</Message></Error></Errors><RequestID>r-1</RequestID></Response>`,
    status,
  );
  await expect(ec2.describeNetworkInterface("eni-1")).rejects.toMatchObject({
    code: expected,
    seen: `${code}: No. (HTTP ${status}, request id r-1)`,
  });
});

it("decodes the XML entities in AWS's error message", async () => {
  const { iam } = await startEndpoint(
    "<ErrorResponse><Error><Code>ValidationError</Code><Message>&quot;x&quot; &lt; 1</Message></Error></ErrorResponse>",
    400,
  );
  await expect(iam.identifyCaller()).rejects.toMatchObject({
    seen: expect.stringContaining('ValidationError: "x" < 1') as string,
  });
});

it.each([200, 502])("fails when an answer with status %d is not well-formed XML", async (status) => {
  const { iam } = await startEndpoint("<html><body>Bad gateway<br></html>", status);
  await expect(iam.identifyCaller()).rejects.toMatchObject({ name: "Failure" });
});

it("fails when no server answers", async () => {
  const { ec2 } = await startEndpoint("");
  // The port of an endpoint that has been closed.
  const closed = await endpoint(() => ({}));
  await closed.close();
  const restore = setEnvironment({ AWS_ENDPOINT_URL_EC2: closed.url });
  await expect(ec2.describeNetworkInterface("eni-1")).rejects.toMatchObject({ code: "aws-unreachable" });
  restore();
});
