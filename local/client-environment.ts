/** Variables by which a client would take other keys than the local Fargate's, or call another endpoint. */
const MISLEADING =
  /^AWS_(?:(?:DEFAULT_)?PROFILE|(?:SESSION|SECURITY)_TOKEN|ENDPOINT_URL_\w+|IGNORE_CONFIGURED_ENDPOINT_URLS|USE_(?:FIPS|DUALSTACK)_ENDPOINT)$/;

/** The environment of an AWS client in a local Fargate with these variables: `env` without what would lead the client elsewhere. */
export function clientEnvironment(
  env: NodeJS.ProcessEnv,
  variables: Readonly<Record<string, string>>,
): NodeJS.ProcessEnv {
  const others = Object.entries(env).filter(([name]) => !MISLEADING.test(name));
  // No proxy reaches this machine's own address. Programs differ on which of the two names they read.
  const before = [env["no_proxy"], env["NO_PROXY"]].find((list) => list !== undefined && list !== "");
  const direct = [...(before === undefined ? [] : [before]), "127.0.0.1", "localhost"].join(",");
  return { ...Object.fromEntries(others), NO_PROXY: direct, no_proxy: direct, ...variables };
}
