/** The parts of a running container that its exec agent needs. */
export interface ContainerHandle {
  readonly name: string;
  readonly runtimeId: string;
  readonly taskArn: string;
  readonly clusterName: string;
  /** Host pid of the container's PID 1; its namespaces are entered through /proc/<pid>/ns. */
  readonly pid: number;
  /** Environment of the exec agent's process, which an exec'd command inherits. */
  readonly env: Readonly<Record<string, string>>;
  readonly workdir: string;
}
