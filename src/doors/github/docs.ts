const OWN = { repository: "org/fargate-exec", ref: "main" };

/**
 * The address of `docs/`, with a slash at its end, in the version of the action that the workflow uses. On a GitHub Enterprise Server
 * the action may come from github.com or be a copy, and the variables don't tell which. In that case, and for a local action, it is the
 * address of the newest version.
 */
export function docsAddress(env: NodeJS.ProcessEnv): string {
  const repository = env["GITHUB_ACTION_REPOSITORY"] ?? "";
  const ref = env["GITHUB_ACTION_REF"] ?? "";
  const isKnown =
    env["GITHUB_SERVER_URL"] === "https://github.com" &&
    /^[\w-]+\/[\w.-]+$/.test(repository) &&
    /^[\w./-]+$/.test(ref);
  const of = isKnown ? { repository, ref } : OWN;
  return `https://github.com/${of.repository}/blob/${of.ref}/docs/`;
}
