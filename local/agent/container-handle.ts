/** The parts of a running container that its exec agent needs. */
export interface ContainerHandle {
  readonly name: string;
  readonly runtimeId: string;
  readonly taskArn: string;
  readonly clusterName: string;
  /** The host's pid of the container's PID 1. /proc/<pid>/ns leads to the container's namespaces. */
  readonly pid: number;
  /** The environment of the exec agent's process, which the commands of sessions inherit. */
  readonly env: Readonly<Record<string, string>>;
  readonly workdir: string;
}
