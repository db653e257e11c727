const OWN = { repository: "org/fargate-exec", ref: "main" };

/**
 * The address of `docs/errors.md` in the version of the action that the workflow uses. A server of one's own may have
 * the action from github.com or as a copy, which the variables don't tell; there, and for a local action, it is the
 * page of the newest version.
 */
export function errorsPage(env: NodeJS.ProcessEnv): string {
  const repository = env["GITHUB_ACTION_REPOSITORY"] ?? "";
  const ref = env["GITHUB_ACTION_REF"] ?? "";
  const isKnown =
    env["GITHUB_SERVER_URL"] === "https://github.com" &&
    /^[\w-]+\/[\w.-]+$/.test(repository) &&
    /^[\w./-]+$/.test(ref);
  const of = isKnown ? { repository, ref } : OWN;
  return `https://github.com/${of.repository}/blob/${of.ref}/docs/errors.md`;
}
