import { hasToken, isPlainTarget, refusalOf } from "../../../local/front/doorkeeper.ts";

const host = "127.0.0.1:4566";
const own = { host, aws: false };

describe("a request is answered", () => {
  it.each([
    ["of an AWS client", {}],
    ["of a page of its own", { origin: `http://${host}`, "sec-fetch-site": "same-origin" }],
    ["of an address that a person has typed", { "sec-fetch-site": "none" }],
  ])("%s", (_name, headers) => {
    expect(refusalOf({ host, ...headers }, own)).toBeUndefined();
  });

  it.each(["s3.eu-west-1.amazonaws.com", "bucket.s3.eu-west-1.amazonaws.com", "ecs.eu-west-1.api.aws"])(
    "for %s only where AWS's names lead here",
    (name) => {
      expect(refusalOf({ host: name }, { host, aws: true })).toBeUndefined();
      expect(refusalOf({ host: name }, own)).toBeDefined();
    },
  );
});

describe("a request is refused", () => {
  it.each<[string, Record<string, string>, string]>([
    ["of a page that has led a name of its own here", { host: "evil.example:4566" }, "evil.example:4566"],
    ["for another name of this machine", { host: "localhost:4566" }, host],
    ["for another port", { host: "127.0.0.1:80" }, "127.0.0.1:80"],
    ["without a name", {}, "''"],
    ["of another page", { host, origin: "https://evil.example" }, "evil.example"],
    ["of a page of another port", { host, origin: "http://127.0.0.1:80" }, "127.0.0.1:80"],
    ["of a page in a bucket of AWS", { host, origin: "https://attackers.s3.amazonaws.com" }, "attackers"],
    ["of a page on a machine of AWS", { host, origin: "http://ec2-1.compute.amazonaws.com" }, "ec2-1"],
    ["of a file or a sandbox", { host, origin: "null" }, "'null'"],
    ["that another site's page causes", { host, "sec-fetch-site": "cross-site" }, "cross-site"],
    ["that a page of this machine causes", { host, "sec-fetch-site": "same-site" }, "same-site"],
    ["for a name that only ends like AWS's", { host: "evil.example/amazonaws.com" }, "evil.example"],
  ])("%s", (_name, headers, words) => {
    expect(refusalOf(headers, own)).toContain(words);
    expect(refusalOf(headers, { host, aws: true })).toContain(words);
  });
});

it.each([
  ["Bearer secret", true],
  ["Bearer secreT", false],
  ["Bearer secret2", false],
  ["secret", false],
  [undefined, false],
])("the token has to be brought as it is: %s", (authorization, expected) => {
  expect(hasToken(authorization === undefined ? {} : { authorization }, "secret")).toBe(expected);
});

describe("a request's path is read in one way only", () => {
  it.each(["/", "/?list-type=2", "/bucket/a%20b//c", "/bucket/a+b@c:d?x=//y"])("in %s", (target) => {
    expect(isPlainTarget(target)).toBe(true);
  });

  it.each([
    ...["//moto-api/reset", "//", "/\\moto-api", "http://127.0.0.1/x", "*", ""],
    ...["/bucket/../moto-api", "/./x", "/bucket/%2e", "/bucket/%2e%2e/x", "/bucket/a b", "/#x", "/x?y#z"],
  ])("not in %s", (target) => {
    expect(isPlainTarget(target)).toBe(false);
  });
});
