import { homedir } from "node:os";
import { join } from "node:path";
import { packagesOf } from "../../../src/doors/cli/local.ts";

const usual = join(homedir(), ".cache/fargate-exec/local-1.2.3");

it.each([
  ["/var/caches", "/var/caches/fargate-exec/local-1.2.3"],
  [undefined, usual],
  ["", usual],
  ["caches", usual],
])("with XDG_CACHE_HOME=%s the packages are in %s", (given, expected) => {
  expect(packagesOf("1.2.3", { XDG_CACHE_HOME: given })).toBe(expected);
});
