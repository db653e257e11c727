import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { withRegion } from "../../../src/doors/cli/region.ts";

const before = { ...process.env };
let base: string;

beforeAll(() => {
  base = mkdtempSync(join(tmpdir(), "region-"));
  const [config, keys] = [join(base, "config"), join(base, "credentials")];
  writeFileSync(
    config,
    "[default]\nregion = eu-west-1\n[profile prod]\nregion = eu-north-1\n[profile none]\n",
  );
  writeFileSync(keys, "[keys]\nregion = eu-south-1\n");
  Object.assign(process.env, { AWS_CONFIG_FILE: config, AWS_SHARED_CREDENTIALS_FILE: keys });
});

beforeEach(() => {
  for (const name of ["AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION"])
    Reflect.deleteProperty(process.env, name);
});

afterAll(() => {
  process.env = before;
  rmSync(base, { recursive: true });
});

it.each([
  ["the default profile", {}, {}, "eu-west-1"],
  ["the profile that AWS_PROFILE names", { AWS_PROFILE: "prod" }, {}, "eu-north-1"],
  ["a profile in the file of credentials", { AWS_PROFILE: "keys" }, {}, "eu-south-1"],
  ["a profile without a region: none", { AWS_PROFILE: "none" }, {}, undefined],
  ["an unknown profile: none", { AWS_PROFILE: "unknown" }, {}, undefined],
  ["AWS_REGION, which the engine reads", { AWS_REGION: "us-east-1" }, {}, undefined],
  ["AWS_DEFAULT_REGION, which the engine reads", { AWS_DEFAULT_REGION: "us-east-1" }, {}, undefined],
  ["the job of a handle, which names it", {}, { handle: "fx1.a.b" }, undefined],
  ["the input", {}, { region: "us-east-2" }, "us-east-2"],
])("the region is that of %s", async (_, env, inputs, expected) => {
  Object.assign(process.env, env);
  const { region } = await withRegion(inputs);
  expect(region).toBe(expected);
});
