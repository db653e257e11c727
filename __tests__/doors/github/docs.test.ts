import { docsAddress } from "../../../src/doors/github/docs.ts";

const env = {
  GITHUB_SERVER_URL: "https://github.com",
  GITHUB_ACTION_REPOSITORY: "acme/exec",
  GITHUB_ACTION_REF: "v1.2.3",
};
const newest = "https://github.com/org/fargate-exec/blob/main/docs/";

it.each<[string, NodeJS.ProcessEnv, string]>([
  ["the version in use", env, "https://github.com/acme/exec/blob/v1.2.3/docs/"],
  ["a local action", { ...env, GITHUB_ACTION_REPOSITORY: "", GITHUB_ACTION_REF: "" }, newest],
  ["a server other than github.com", { ...env, GITHUB_SERVER_URL: "https://github.example.com" }, newest],
  ["a ref that is no ref", { ...env, GITHUB_ACTION_REF: "x)y" }, newest],
  ["no runner", {}, newest],
])("the address of the pages for %s", (_, given, page) => {
  expect(docsAddress(given)).toBe(page);
});
