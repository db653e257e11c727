/** How the root file system of an image is made, from nothing but Debian's packages and PyPI's. */
export interface Recipe {
  /** The image that this one adds to. */
  readonly from?: string;
  /** Debian packages; those that they depend on come along, none of their scripts runs. */
  readonly packages?: readonly string[];
  /** Whether the Python packages of `requirements.txt` are installed. */
  readonly boto3?: true;
  /** Links by their paths, in place of what the packages' scripts would have made. */
  readonly links?: Readonly<Record<string, string>>;
  /** Whether busybox gets a link for each of its applets. */
  readonly applets?: true;
  /** These files and no others, by their paths in the image: where the packages have them. */
  readonly only?: Readonly<Record<string, string>>;
  /** The image's ENTRYPOINT, before the command; none when undefined. */
  readonly entryPoint?: readonly [string, ...string[]];
  /** What runs when a task definition names no command; /bin/sh when undefined. */
  readonly command?: readonly [string, ...string[]];
  /** Programs that are taken out of every directory of the path again. */
  readonly without?: readonly string[];
}

/** What Debian calls essential, as far as a script may expect it. */
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

/** The images by their names, which task definitions write `local/<name>`. */
export const recipes: Readonly<Record<string, Recipe>> = {
  /** dash is sh, and there is Python without boto3. */
  "debian-python": {
    packages: [...debian, "dash", "python3"],
    links: { "usr/bin/awk": "mawk" },
  },
  "debian-python-boto3": { from: "debian-python", boto3: true },
  /** No Python; bash is sh, as on Amazon Linux. */
  "debian-bash-curl": {
    packages: [...debian, "bash", "curl", "ca-certificates"],
    links: { "usr/bin/awk": "mawk", "usr/bin/sh": "bash" },
  },
  /** Like Alpine: every program is an applet of busybox, and its ash finds applets by their links only. */
  busybox: { packages: ["busybox"], applets: true },
  /** One file: its ash finds applets without their links too. */
  "busybox-static": { packages: ["busybox-static"], applets: true },
  /** A server as its ENTRYPOINT, like those of jib, buildpacks or `java -jar`: it takes a command for its arguments. */
  "http-server": {
    from: "debian-python",
    entryPoint: ["python3", "-u", "-m", "http.server"],
    command: ["0", "--bind", "127.0.0.1"],
  },
  /** One static program and nothing that could run a script. */
  "no-shell": {
    packages: ["busybox-static"],
    only: { "usr/bin/sleep": "usr/bin/busybox" },
    command: ["sleep", "infinity"],
  },
};

/** The image that is no image: the init that `initProcessEnabled` puts before the command of any of the others. */
export const initRecipe: Recipe = { packages: ["tini"], only: { tini: "usr/bin/tini-static" } };

/**
 * The recipe of `<name>` or `<name>:latest`, or of `<name>:without-<tool>[-<tool>…]`, the same image less these
 * programs. Undefined where there is none.
 */
export function recipeOf(image: string): Recipe | undefined {
  const [name = "", tag = "latest"] = image.split(":");
  const whole = Object.hasOwn(recipes, name) ? recipes[name] : undefined;
  const tools = /^without-(.+)$/.exec(tag)?.[1]?.split("-");
  if (tag === "latest" || whole === undefined) return whole;
  // The shell of busybox-static would find them inside itself.
  return tools && name !== "busybox-static" ? { from: name, without: tools } : undefined;
}
