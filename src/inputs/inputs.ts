import type { ArtifactGlob } from "./container-glob.ts";
import type { Forward } from "./forwards.ts";
import type { JobHandle } from "./handle.ts";

/** The input `timeout` of a workflow that does not set it; `action.yml` has the same. */
export const DEFAULT_TIMEOUT_MS = 3_600_000;

/**
 * The inputs of the step, checked and in their final form. Every later phase reads this object. Keys are the input
 * names of `action.yml` in camel case; durations are milliseconds.
 */
export interface Inputs extends ParallelJobs {
  readonly cluster: string;
  /** ARN of the role that the step assumes by GitHub's ID token; undefined for the environment's credentials. */
  readonly roleToAssume: string | undefined;
  /** Only look at the set-up: the script isn't run. */
  readonly check: boolean;
  readonly where: TaskSelection;
  /**
   * The deployment that waits for the step's verdict: its ARN, or `true` for the one of the service that is under way.
   * Undefined when none waits.
   */
  readonly deployment: true | string | undefined;
  readonly container: string | undefined;
  /** The ports that are forwarded. Undefined for a step that runs or follows a job. */
  readonly forwards?: readonly Forward[] | undefined;
  /** Whether a running task is protected from scale-in and deployments while the job runs in it. */
  readonly protect: boolean;
  readonly startTimeout: number;
  /** How long to wait for a seat in a container that others use. */
  readonly queueTimeout: number;

  readonly script: ScriptSource;
  /** A command template with `{0}`, or undefined: the script's shebang, else `sh -e {0}`. */
  readonly shell: string | undefined;
  readonly args: readonly string[];
  readonly workingDirectory: string | undefined;
  /** A user of the image; undefined for root. */
  readonly user: string | undefined;
  readonly env: Readonly<Record<string, string>>;
  readonly secrets: Readonly<Record<string, string>>;
  /** The script's standard input; undefined for an empty one. */
  readonly stdin: Uint8Array | undefined;
  /** What is brought from the workspace before the script starts. */
  readonly files: FileSelections | undefined;
  /** What is brought back after the script; undefined when nothing is. */
  readonly artifacts: Artifacts | undefined;
  /** Where what items write into their directories goes, and how many bytes of it all; undefined without items. */
  readonly itemFiles: ArtifactOptions | undefined;
  /** Globs that find the test reports among the artifacts of each task; undefined when there are none. */
  readonly reports: readonly string[] | undefined;
  /** What the script runs for, once for each; undefined: it runs once in each worker. */
  readonly items?: Items | undefined;
  readonly workers: number | "auto";
  readonly stderr: "apart" | "merged";
  readonly timeout: number;
  /** After how many milliseconds a job that still runs is detached; 0: at once. Undefined: it is followed to its end. */
  readonly detach: number | undefined;

  /** The reasons to run the script again; undefined when there are none. */
  readonly retry: Retry | undefined;
  /** Items that succeeded in an earlier attempt of the workflow's run are not run again. With it `items` and `bucket` are set. */
  readonly rerun?: boolean | undefined;
  /** The file that keeps the end of each item, and from which a later run goes on; undefined: none. With it `items` is set. */
  readonly itemLog?: string | undefined;
  /** The name of a lock that the step holds while its job runs. With a lock, `bucket` is set. */
  readonly lock: string | undefined;

  /** The job of the matrix that the step belongs to; undefined when that is not known. */
  readonly matrix: MatrixJob | undefined;

  readonly bucket: string | undefined;
  /** Ends in `/`, or is empty. */
  readonly prefix: string;
  /** The account that owns the bucket; undefined for the cluster's account. */
  readonly bucketOwner: string | undefined;
  readonly kmsKeyId: string | undefined;
  /** What carries output and status. */
  readonly logs: "auto" | "bucket" | "session" | "cloudwatch" | "s3";
  /** Whether the output is copied to the container's own log, too. */
  readonly logToContainer: boolean;
  readonly workflowCommands: boolean;
  readonly summary: boolean;
  readonly region: string;
}

/** What a script runs for, once for each item or batch of items. */
export interface Items {
  readonly source: ItemSource;
  /** How many items a run of the script gets at most. `auto`: as many as the queue thinks fit. */
  readonly batch: number | "auto";
}

export type ItemSource =
  | { readonly kind: "list"; readonly items: readonly string[] }
  /** A command for `sh` that runs in the first task and prints the items, one a line. */
  | { readonly kind: "command"; readonly command: string };

/** The reasons to run a script again, and how often. */
export interface Retry {
  /**
   * `spot`: Fargate Spot took the task. `infrastructure`: the platform stopped it, or its exec agent failed. `unknown`:
   * the script's end is not known.
   */
  readonly reasons: readonly ("spot" | "infrastructure" | "unknown")[];
  readonly exitCodes: readonly number[];
  /** The most attempts, the first one included. */
  readonly attempts: number;
}

/** A job of a matrix. A job without a matrix counts as the only one of a matrix. */
export interface MatrixJob {
  /** From 0 to `total` - 1. */
  readonly index: number;
  readonly total: number;
  /** How many jobs of the matrix run at once, at most. */
  readonly atOnce: number;
}

/** How the jobs of several tasks follow one another. */
export interface ParallelJobs {
  /** How many of them run at once; undefined: all. */
  readonly maxParallel: number | undefined;
  /** Whether no further job is begun after one has failed. */
  readonly failFast: boolean;
}

/** The tasks that the inputs select: a running one, those of a service, new ones, or that of a job that runs already. */
export type TaskSelection =
  | { readonly kind: "handle"; readonly handle: JobHandle }
  | { readonly kind: "task"; readonly task: string }
  /** `all`: every task that runs when the step looks. */
  | { readonly kind: "service"; readonly service: string; readonly tasks: number | "all" }
  | NewTasks;

/** The service that the inputs name: the one whose running tasks are used, or the one that new tasks borrow from. */
export function serviceOf(where: TaskSelection): string | undefined {
  return where.kind === "service" || where.kind === "new" ? where.service : undefined;
}

export interface NewTasks {
  readonly kind: "new";
  readonly of: NewTaskSource;
  /**
   * The service from which a new task takes what `start` leaves open, and its task definition when no input names
   * one.
   */
  readonly service: string | undefined;
  readonly tasks: number;
  readonly start: StartInputs;
}

/** A task definition of the user's. */
export type DefinitionReference =
  /** The service's own task definition. */
  | { readonly kind: "service" }
  /** A family, `family:revision`, an ARN, or the path of a file in the workspace or RUNNER_TEMP. */
  | { readonly kind: "task-definition"; readonly taskDefinition: string };

/** The source of a new task's definition. */
export type NewTaskSource =
  | DefinitionReference
  /** A definition is made for the image. */
  | { readonly kind: "image"; readonly image: string; readonly architecture: Architecture | undefined }
  /** The image takes the place of the container's own in this definition. */
  | { readonly kind: "image-in-definition"; readonly image: string; readonly of: DefinitionReference };

export type Architecture = "x86_64" | "arm64";

/** How a new task is started. Undefined leaves the choice to the service, the task definition or ECS. */
export interface StartInputs {
  readonly subnets: readonly string[];
  readonly securityGroups: readonly string[];
  readonly assignPublicIp: boolean | undefined;
  /** Empty: launch type FARGATE. */
  readonly capacityProviders: readonly CapacityShare[];
  readonly cpu: string | undefined;
  readonly memory: string | undefined;
  readonly taskRole: string | undefined;
  readonly executionRole: string | undefined;
  readonly tags: Readonly<Record<string, string>>;
  /** The input `overrides` as given: members of the overrides of RunTask and of its request. It is merged last. */
  readonly overrides: Readonly<Record<string, unknown>>;
  /** Whether a command of the action keeps the container alive. The command ends by itself. */
  readonly hold: boolean;
  readonly keepTask: "never" | "on-failure" | "always" | "job";
}

/** A capacity provider, FARGATE or FARGATE_SPOT. It gets `base` tasks first, then a share by `weight`. */
export interface CapacityShare {
  readonly name: string;
  readonly weight: number;
  readonly base: number;
}

/** The files of the workspace that are brought into the container. */
export interface FileSelections {
  readonly selections: readonly FileSelection[];
  /** Globs of the files that are left out. */
  readonly exclusions: readonly string[];
}

export interface FileSelection {
  /** A glob from the root of the workspace, without a slash at either end. */
  readonly pattern: string;
  /** True when the pattern is a path, and has no wildcards whatever its characters are. */
  readonly isPath?: boolean;
  /**
   * The path in the container that stands for the part of the pattern before its first wildcard. With a slash at its end it
   * is a directory, also when the pattern names a file. Undefined: below the working directory, each file by its path in
   * the workspace.
   */
  readonly destination: string | undefined;
}

/** Files of the container that are brought back. */
export interface Artifacts extends ArtifactOptions {
  readonly globs: readonly ArtifactGlob[];
}

/** How files of the container are brought back. */
export interface ArtifactOptions {
  /** Whether a line without wildcards brings names that begin with a dot, too, other than `.git` and `.env*`. */
  readonly pathsNameHidden?: boolean;
  /** Where they are unpacked: an absolute path. */
  readonly directory: string;
  /** The directories that it may be in. It is made beneath the first of them that it is in, and no link leads out of that one. */
  readonly within: readonly string[];
  /** The most files, links and directories, and the most bytes, of each task. */
  readonly maxCount: number;
  readonly maxBytes: number;
  /** What the step does about a glob that matches nothing, and about artifacts that don't come whole. */
  readonly missing: "warn" | "error" | "ignore";
}

export type ScriptSource =
  /** A check of the set-up needs no script, and a job that runs already has its own. */
  | { readonly kind: "none" }
  | { readonly kind: "run"; readonly text: string }
  | {
      readonly kind: "file";
      /** As messages name it. */
      readonly path: string;
      /** The path from the root of the workspace, with slashes; undefined for a file elsewhere. */
      readonly inWorkspace: string | undefined;
      readonly bytes: Uint8Array;
    };
