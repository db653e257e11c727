import { clientEnvironment } from "../../local/client-environment.ts";

const local = { AWS_ENDPOINT_URL: "http://127.0.0.1:1", AWS_REGION: "us-east-1" };

it("a client keeps its environment, but for what would lead it to other keys or another endpoint", () => {
  const kept = { PATH: "/bin", AWS_PAGER: "", AWS_CA_BUNDLE: "/ca.pem", HTTPS_PROXY: "http://proxy:3128" };
  const misleading = {
    ...{
      AWS_PROFILE: "prod",
      AWS_DEFAULT_PROFILE: "prod",
      AWS_SESSION_TOKEN: "token",
      AWS_REGION: "eu-west-1",
    },
    ...{ AWS_ENDPOINT_URL_ECS: "https://ecs.example.com", AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: "true" },
    AWS_USE_FIPS_ENDPOINT: "true",
  };
  const direct = { NO_PROXY: "127.0.0.1,localhost", no_proxy: "127.0.0.1,localhost" };
  expect(clientEnvironment({ ...kept, ...misleading }, local)).toEqual({ ...kept, ...direct, ...local });
});

it("a client goes past its proxies to this machine, and to where it went past them before", () => {
  const env = clientEnvironment({ no_proxy: ".example.com" }, local);
  expect([env["NO_PROXY"], env["no_proxy"]]).toEqual(Array(2).fill(".example.com,127.0.0.1,localhost"));
});
