/** True for a name that POSIX allows for a variable of a shell. */
export function isVariableName(name: string): boolean {
  return /^[A-Za-z_][A-Za-z0-9_]*$/.test(name);
}

/**
 * bash evaluates the values of these variables as arithmetic, which can run commands (`a[$(id)]`). A value may come from
 * an event's text, which a stranger may write.
 */
const ARITHMETIC = new Set(["OPTIND", "RANDOM", "SRANDOM", "HISTCMD", "SECONDS", "LINENO"]);

/** Why no input may set a variable of this name; undefined when an input may set it. */
export function whyReserved(name: string): string | undefined {
  // The action's shell code in the container uses these names.
  if (name.startsWith("fx_")) return "a name that belongs to fargate-exec, as all do that begin with fx_";
  return ARITHMETIC.has(name)
    ? "a variable whose value bash takes for arithmetic, which can run commands"
    : undefined;
}

/**
 * True for the names of credentials of the runner and of the step. `variables.ts` refuses a line that is only such a name,
 * unless it is the only line of `secrets`.
 */
export function isRunnersOwn(name: string): boolean {
  return (
    /^(ACTIONS|INPUT|STATE|RUNNER)_/i.test(name) ||
    /^(GITHUB|GH)_TOKEN$/i.test(name) ||
    /^AWS_.*(KEY|SECRET|TOKEN|CREDENTIAL)/i.test(name)
  );
}

/**
 * Variables by which a loader, a shell, an interpreter or an AWS client finds code, or certificates and endpoints that
 * it trusts. The list can't be complete.
 */
const EXACTLY = new Set([
  ...["PATH", "HOME", "IFS", "ENV", "SHELLOPTS", "BASHOPTS", "PS4", "PROMPT_COMMAND", "ZDOTDIR"],
  ...["EDITOR", "VISUAL", "PAGER", "GCONV_PATH", "GLIBC_TUNABLES", "LOCPATH"],
  ...["NODE_OPTIONS", "NODE_PATH", "RUBYOPT", "RUBYLIB", "GEM_HOME", "GEM_PATH", "BUNDLE_GEMFILE"],
  ...["PERL5OPT", "PERL5LIB", "PERL5DB", "PERLLIB", "PHPRC", "PHP_INI_SCAN_DIR", "LUA_INIT", "LUA_PATH"],
  ...["JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS", "CLASSPATH", "MAVEN_OPTS", "GRADLE_OPTS"],
  ...["DOTNET_STARTUP_HOOKS", "MAKEFLAGS", "GOFLAGS", "RUSTC_WRAPPER", "KUBECONFIG"],
  ...["TAR_OPTIONS", "RSYNC_RSH", "LESSOPEN", "LESSCLOSE"],
  ...[
    "OPENSSL_CONF",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "NODE_EXTRA_CA_CERTS",
  ],
]);
/** The beginnings of such names. `AWS_` is among them, because keys in such a value would direct the job's calls of AWS to another account. A region can't. */
const BEGINNING =
  /^(LD_|DYLD_|BASH_|PYTHON|GIT_|NPM_CONFIG_|PIP_|CORECLR_|AWS_(?!(DEFAULT_)?REGION$)|(HTTPS?|ALL)_PROXY$)/i;

export function canSteerPrograms(name: string): boolean {
  return EXACTLY.has(name) || BEGINNING.test(name);
}
