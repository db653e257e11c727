import { execFile } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import type { ProcessRequest } from "./process.ts";

const run = promisify(execFile);
const PODMAN = ["--runtime", "runc", "--cgroup-manager", "cgroupfs"] as const;
/** Where a job's container has the runner's directories (`ContainerInfo.cs`, `ContainerStepHost`). */
const WORK = "/__w";
const NODE = "/__e/node24";

/** Directories of the runner that the container of a job sees. */
export interface SharedDirectories {
  readonly temp: string;
  readonly workspace: string;
  readonly actionDir: string;
  /** The path of node. */
  readonly node: string;
}

/**
 * The container of a job with `container:`, run by podman. As on GitHub, each process of a step is started in it by an exec. A
 * signal to the exec's client does not reach the process inside. The container's root file system is this machine's. Needs root and
 * podman.
 */
export class JobContainer {
  readonly #name = `runner-${randomUUID()}`;
  readonly #places: readonly (readonly [host: string, inside: string])[];

  private constructor({ temp, workspace, actionDir, node }: SharedDirectories) {
    this.#places = [
      [temp, `${WORK}/_temp`],
      [workspace, `${WORK}/shop/shop`],
      [actionDir, `${WORK}/_actions/org/fargate-exec/v1`],
      [dirname(node), `${NODE}/bin`],
    ];
  }

  static async start(directories: SharedDirectories): Promise<JobContainer> {
    const container = new JobContainer(directories);
    await mkdir(join(directories.temp, "_github_home"));
    const volumes = container.#places.map(([host, inside]) => `--volume=${host}:${inside}`);
    const fresh = ["/tmp", "/root", "/home", WORK, "/__e"].map(
      (path) => `--mount=type=tmpfs,notmpcopyup,destination=${path}`,
    );
    await run("podman", [
      ...[...PODMAN, "run", "--detach", "--rm", "--name", container.#name, "--network=host", "--init=false"],
      ...["--log-driver=none", "--http-proxy=false", "--ulimit=nofile=1024:4096", "--ulimit=nproc=4096:4096"],
      ...[...fresh, ...volumes, "--rootfs", "/:O", "tail", "-f", "/dev/null"],
    ]);
    return container;
  }

  async stop(): Promise<void> {
    await run("podman", [...PODMAN, "rm", "--force", "--time", "0", this.#name]);
  }

  /**
   * The request for the same process inside the container, with the container's paths. It has no variables but the request's. Their values are variables
   * of podman, which passes on those that are named: every user of the machine can read a program's arguments, and the values have credentials.
   */
  inside(request: ProcessRequest): ProcessRequest {
    const own = Object.entries(request.env)
      .filter(([name]) => name !== "PATH" && name !== "HOME")
      .map(([name, value]) => [name, this.#path(value)] as const);
    const names = [...own.map(([name]) => name), `HOME=${WORK}/_temp/_github_home`];
    const variables = names.flatMap((name) => ["--env", name]);
    return {
      ...request,
      file: "podman",
      args: [
        ...[
          ...PODMAN,
          "exec",
          "--interactive",
          "--workdir",
          this.#path(request.cwd),
          ...variables,
          this.#name,
        ],
        ...[request.file, ...request.args].map((word) => this.#path(word)),
      ],
      cwd: "/",
      env: {
        ...Object.fromEntries(own),
        ...{ PATH: process.env["PATH"] ?? "", HOME: process.env["HOME"] ?? "/" },
      },
    };
  }

  #path(value: string): string {
    const place = this.#places.find(([host]) => value === host || value.startsWith(`${host}/`));
    return place === undefined ? value : place[1] + value.slice(place[0].length);
  }
}
