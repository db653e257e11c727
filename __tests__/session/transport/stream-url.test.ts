import { wrongStreamUrl } from "../../../src/session/transport/stream-url.ts";

const PATH = "/v1/data-channel/ecs-execute-command-1?role=publish_subscribe&cell-number=AA+/BB==";

it.each([
  ["eu-west-1", "ssmmessages.eu-west-1.amazonaws.com"],
  ["eu-west-1", "ssmmessages-fips.eu-west-1.amazonaws.com"],
  ["eu-west-1", "ssmmessages.eu-west-1.api.aws"],
  ["us-gov-west-1", "ssmmessages-fips.us-gov-west-1.api.aws"],
  ["cn-north-1", "ssmmessages.cn-north-1.amazonaws.com.cn"],
  ["cn-north-1", "ssmmessages.cn-north-1.api.amazonwebservices.com.cn"],
  ["eusc-de-east-1", "ssmmessages.eusc-de-east-1.amazonaws.eu"],
  ["us-iso-east-1", "ssmmessages.us-iso-east-1.c2s.ic.gov"],
])("in %s the token may go to %s", (region, host) => {
  expect(wrongStreamUrl(`wss://${host}${PATH}`, region, [])).toBeUndefined();
});

it.each([
  ["another region", "wss://ssmmessages.eu-central-1.amazonaws.com"],
  ["another partition", "wss://ssmmessages.eu-west-1.amazonaws.com.cn"],
  ["another service", "wss://s3.eu-west-1.amazonaws.com"],
  ["a bucket", "wss://ssmmessages.eu-west-1.s3.amazonaws.com"],
  ["a host that only begins so", "wss://ssmmessages.eu-west-1.amazonaws.com.example.com"],
  ["a host that only ends so", "wss://example-ssmmessages.eu-west-1.amazonaws.com"],
  ["another port", "wss://ssmmessages.eu-west-1.amazonaws.com:8443"],
  ["no TLS", "ws://ssmmessages.eu-west-1.amazonaws.com"],
  ["HTTP", "https://ssmmessages.eu-west-1.amazonaws.com"],
  ["credentials in the URL", "wss://ssmmessages.eu-west-1.amazonaws.com:x@example.com"],
  ["credentials in a good URL", "wss://user@ssmmessages.eu-west-1.amazonaws.com"],
  ["a host of this machine", "ws://127.0.0.1:4566"],
])("the token never goes to %s", (_name, origin) => {
  expect(wrongStreamUrl(origin + PATH, "eu-west-1", [])).toMatch(
    /is not Session Manager's|holds credentials/,
  );
});

it("what is no URL is refused", () => {
  expect(wrongStreamUrl("", "eu-west-1", [])).toBe("it is no URL");
});

it.each([
  ["http://127.0.0.1:4566", "ws://127.0.0.1:4566", true],
  ["http://127.0.0.1:4566/", "ws://127.0.0.1:4567", false],
  ["http://127.0.0.1:4566", "wss://127.0.0.1:4566", false],
  ["https://aws.example.com", "wss://aws.example.com", true],
  ["https://aws.example.com:443/x", "wss://aws.example.com", true],
  ["https://aws.example.com", "ws://aws.example.com", false],
  ["https://aws.example.com", "wss://ssmmessages.eu-west-1.amazonaws.com", true],
  ["nonsense", "wss://nonsense", false],
])("with the endpoint %s configured, the token may go to %s: %s", (endpoint, origin, goes) => {
  expect(wrongStreamUrl(origin + PATH, "eu-west-1", [endpoint]) === undefined).toBe(goes);
});
