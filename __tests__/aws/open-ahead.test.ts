import { urlsAhead } from "../../src/aws/open-ahead.ts";
import { wrongStreamUrl } from "../../src/session/transport/stream-url.ts";

it.each([
  ["us-east-1", undefined, ["ssm.us-east-1.amazonaws.com"]],
  ["cn-north-1", "ci", ["ci.s3.cn-north-1.amazonaws.com.cn", "ci.s3.cn-north-1.amazonaws.com.cn"]],
  ["eu-west-1", "a.b", ["s3.eu-west-1.amazonaws.com", "s3.eu-west-1.amazonaws.com"]],
])("in %s with bucket %s the hosts are AWS's own, the message gateway last", (region, bucket, hosts) => {
  const urls = urlsAhead(region, { bucket, isShared: true });
  expect(urls.slice(0, -1)).toEqual(hosts.map((host) => `https://${host}`));
  expect(wrongStreamUrl(urls.at(-1)?.replace("https", "wss") ?? "", region, [])).toBeUndefined();
});

it("Systems Manager is not among the hosts for a task that the step starts", () => {
  expect(urlsAhead("us-east-1", { bucket: undefined, isShared: false })).toEqual([
    "https://ssmmessages.us-east-1.amazonaws.com",
  ]);
});
