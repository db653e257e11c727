/** What POSIX lets a shell use as a variable. */
export function isVariableName(name: string): boolean {
  return /^[A-Za-z_][A-Za-z0-9_]*$/.test(name);
}

/**
 * To these bash assigns the value of an arithmetic expression, which may run commands (`a[$(id)]`), and a shell of this
 * action that is still root makes the assignment.
 */
const ARITHMETIC = new Set(["OPTIND", "RANDOM", "SRANDOM", "HISTCMD", "SECONDS", "LINENO"]);

/** Why no input may set a variable of this name, wherever it stands; undefined where it may. */
export function reservation(name: string): string | undefined {
  // The shell that starts the script in the container has no other names.
  if (name.startsWith("fx_")) return "a name that belongs to this action, as all do that begin with fx_";
  return ARITHMETIC.has(name) ? "a variable that shells keep for themselves" : undefined;
}

/** Credentials of the runner and of the step, which no job gets by a bare name among others. */
export function isRunnersOwn(name: string): boolean {
  return (
    /^(ACTIONS|INPUT|STATE|RUNNER)_/i.test(name) ||
    /^(GITHUB|GH)_TOKEN$/i.test(name) ||
    /^AWS_.*(KEY|SECRET|TOKEN|CREDENTIAL)/i.test(name)
  );
}

/** Variables by which a loader, a shell, an interpreter or an AWS client finds code or trust. The list can't be complete. */
const EXACTLY = new Set([
  ...["PATH", "HOME", "IFS", "ENV", "SHELLOPTS", "BASHOPTS", "PS4", "PROMPT_COMMAND", "ZDOTDIR"],
  ...["EDITOR", "VISUAL", "PAGER", "GCONV_PATH", "GLIBC_TUNABLES", "LOCPATH"],
  ...["NODE_OPTIONS", "NODE_PATH", "RUBYOPT", "RUBYLIB", "GEM_HOME", "GEM_PATH", "BUNDLE_GEMFILE"],
  ...["PERL5OPT", "PERL5LIB", "PERL5DB", "PERLLIB", "PHPRC", "PHP_INI_SCAN_DIR", "LUA_INIT", "LUA_PATH"],
  ...["JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS", "CLASSPATH", "MAVEN_OPTS", "GRADLE_OPTS"],
  ...["AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "AWS_PROFILE", "AWS_CA_BUNDLE"],
  ...["SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS"],
]);
const BEGINNING =
  /^(LD_|DYLD_|BASH_|PYTHON|GIT_|NPM_CONFIG_|PIP_|AWS_ENDPOINT_URL|AWS_CONTAINER_|(HTTPS?|ALL)_PROXY$)/i;

export function steersPrograms(name: string): boolean {
  return EXACTLY.has(name) || BEGINNING.test(name);
}
