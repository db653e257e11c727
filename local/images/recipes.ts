/** How the root file system of an image is made, from packages of Debian and PyPI only. */
export interface Recipe {
  /** The image that this one adds to. */
  readonly from?: string;
  /** Debian packages. Their dependencies come along; their scripts don't run. */
  readonly packages?: readonly string[];
  /** Whether the Python packages of `requirements.txt` are installed. */
  readonly boto3?: true;
  /** Links by their paths, which replace those that the packages' scripts would make. */
  readonly links?: Readonly<Record<string, string>>;
  /** Whether busybox gets a link for each of its applets. */
  readonly applets?: true;
  /** If given, the image holds only these files: path in the image, and path in the packages. */
  readonly only?: Readonly<Record<string, string>>;
  /** The image's ENTRYPOINT, before the command; none when undefined. */
  readonly entryPoint?: readonly [string, ...string[]];
  /** What runs when a task definition names no command; /bin/sh when undefined. */
  readonly command?: readonly [string, ...string[]];
  /** Programs that are removed from every directory of PATH. */
  readonly without?: readonly string[];
}

/** Those of Debian's essential packages that a script may expect. */
const debian = [
  ...[
    "base-files",
    "libc-bin",
    "coreutils",
    "mawk",
    "sed",
    "grep",
    "findutils",
    "gzip",
    "tar",
    "debianutils",
  ],
  ...["util-linux", "mount", "bsdutils", "procps", "hostname", "libpam-modules"],
];

/** The images by name; a task definition names them `local/<name>`. */
export const recipes: Readonly<Record<string, Recipe>> = {
  /** dash as sh, and Python without boto3. */
  "debian-python": {
    packages: [...debian, "dash", "python3"],
    links: { "usr/bin/awk": "mawk" },
  },
  "debian-python-boto3": { from: "debian-python", boto3: true },
  /** bash as sh, as on Amazon Linux, and no Python. */
  "debian-bash-curl": {
    packages: [...debian, "bash", "curl", "ca-certificates"],
    links: { "usr/bin/awk": "mawk", "usr/bin/sh": "bash" },
  },
  /** An SSH server, and the programs that create a user with a password. The account sshd comes from a layer, such as shop/layers/debian. */
  "debian-sshd": {
    packages: [...debian, "dash", "openssh-server", "passwd"],
    links: { "usr/bin/awk": "mawk" },
  },
  /** Like Alpine: every program is an applet of busybox. Its ash finds applets by their links only. */
  busybox: { packages: ["busybox"], applets: true },
  /** One file, whose ash finds applets without links too. */
  "busybox-static": { packages: ["busybox-static"], applets: true },
  /** A server as ENTRYPOINT, like the images of jib, buildpacks and `java -jar`: it takes the command as its arguments. */
  "http-server": {
    from: "debian-python",
    entryPoint: ["python3", "-u", "-m", "http.server"],
    command: ["0", "--bind", "127.0.0.1"],
  },
  /** One static program, and no shell. */
  "no-shell": {
    packages: ["busybox-static"],
    only: { "usr/bin/sleep": "usr/bin/busybox" },
    command: ["sleep", "infinity"],
  },
};

/** No image, but the init that `initProcessEnabled` puts before an image's command. */
export const initRecipe: Recipe = { packages: ["tini"], only: { tini: "usr/bin/tini-static" } };

/** A name becomes a part of paths, so it has no slash and no dot. */
const IMAGE = /^([a-z0-9-]+)(?::latest|:without-(\w+(?:-\w+)*))?$/;

/**
 * The recipe of `<name>` or `<name>:latest`, or of `<name>:without-<tool>[-<tool>…]`, the same image without these
 * programs. Undefined when there is no such image.
 */
export function recipeOf(image: string): Recipe | undefined {
  const [, name = "", tools] = IMAGE.exec(image) ?? [];
  const whole = Object.hasOwn(recipes, name) ? recipes[name] : undefined;
  if (tools === undefined || whole === undefined) return whole;
  // The shell of busybox-static would find these programs inside itself.
  return name === "busybox-static" ? undefined : { from: name, without: tools.split("-") };
}
