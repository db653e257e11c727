import { ec2Calls } from "../../src/aws/ec2.ts";
import { iamCalls } from "../../src/aws/iam.ts";
import { queryCalls } from "../../src/aws/query.ts";
import { endpoint, setEnvironment, type Answer, type Endpoint } from "../helpers/aws-endpoint.ts";

let open: Endpoint | undefined;
afterEach(async () => {
  await open?.close();
  open = undefined;
});

async function answering(body: string, status = 200) {
  open = await endpoint((): Answer => ({ status, body }));
  const query = queryCalls(open.clients);
  return { ec2: ec2Calls(query), iam: iamCalls(query) };
}
const sent = () => Object.fromEntries(new URLSearchParams(open?.received[0]?.body));

it("finds the public address and the VPC of a network interface", async () => {
  const { ec2 } = await answering(
    "<X><networkInterfaceSet><item><vpcId>vpc-1</vpcId><association><publicIp>203.0.113.7</publicIp>" +
      "</association></item></networkInterfaceSet></X>",
  );
  expect(await ec2.networkInterface("eni-1")).toEqual({ vpcId: "vpc-1", publicIp: "203.0.113.7" });
  expect(sent()).toEqual({
    Action: "DescribeNetworkInterfaces",
    Version: "2016-11-15",
    "NetworkInterfaceId.1": "eni-1",
  });
  expect(open?.received[0]).toMatchObject({ method: "POST", url: "/" });
  expect(open?.received[0]?.headers).toMatchObject({
    "content-type": "application/x-www-form-urlencoded; charset=utf-8",
    authorization: expect.stringMatching(
      /^AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE\/\d{8}\/eu-central-1\/ec2\/aws4_request, /,
    ) as string,
  });
});

it("tells a network interface that is not there, or has no public address", async () => {
  const { ec2 } = await answering("<X><networkInterfaceSet/></X>");
  expect(await ec2.networkInterface("eni-1")).toBeUndefined();
});

it("lists the endpoints of a VPC", async () => {
  const { ec2 } = await answering("<X><serviceName>a.s3</serviceName><serviceName>a.ssm</serviceName></X>");
  expect(await ec2.vpcEndpoints("vpc-1")).toEqual(["a.s3", "a.ssm"]);
  expect(sent()).toMatchObject({ "Filter.1.Name": "vpc-id", "Filter.1.Value.1": "vpc-1" });
});

it("tells which actions a role lacks", async () => {
  const decision = (action: string, what: string) =>
    `<member><EvalActionName>${action}</EvalActionName><EvalDecision>${what}</EvalDecision></member>`;
  const { iam } = await answering(
    `<X>${decision("a:A", "allowed")}${decision("a:B", "implicitDeny")}${decision("a:C", "explicitDeny")}</X>`,
  );
  expect(await iam.denied("arn:role", ["a:A", "a:B", "a:C"], "arn:x")).toEqual(["a:B", "a:C"]);
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
  const { ec2 } = await answering(
    `<Response><Errors><Error><Code>${code}</Code><Message>No.</Message></Error></Errors><RequestID>r-1</RequestID></Response>`,
    status,
  );
  await expect(ec2.networkInterface("eni-1")).rejects.toMatchObject({
    code: expected,
    seen: `${code}: No. (HTTP ${status}, request id r-1)`,
  });
});

it("fails where no server answers", async () => {
  const { ec2 } = await answering("");
  // The port of an endpoint that is closed again.
  const closed = await endpoint(() => ({}));
  await closed.close();
  const restore = setEnvironment({ AWS_ENDPOINT_URL_EC2: closed.url });
  await expect(ec2.networkInterface("eni-1")).rejects.toMatchObject({ code: "aws-unreachable" });
  restore();
});
