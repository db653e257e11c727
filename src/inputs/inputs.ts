/**
 * The inputs of the step, checked and in their final form: the one object that every later phase reads.
 * Keys are the input names of `action.yml` in camel case; durations are milliseconds.
 */
export interface Inputs {
  readonly cluster: string;
  readonly where: Where;
  readonly container: string | undefined;
  readonly startTimeout: number;

  readonly script: ScriptSource;
  /** A command template with `{0}`, or undefined: the script's shebang, else `sh -e {0}`. */
  readonly shell: string | undefined;
  readonly args: readonly string[];
  readonly workingDirectory: string | undefined;
  readonly env: Readonly<Record<string, string>>;
  readonly secrets: Readonly<Record<string, string>>;
  readonly workers: number | "auto";
  readonly timeout: number;

  readonly bucket: string | undefined;
  /** Ends in `/`, or is empty. */
  readonly prefix: string;
  readonly kmsKeyId: string | undefined;
  readonly logs: "auto" | "session" | "cloudwatch" | "s3";
  readonly transport: "auto" | "plain" | "packed";
  readonly workflowCommands: boolean;
  readonly summary: boolean;
  readonly region: string;
}

/** Which task: one that runs, one of a service, or a new one. */
export type Where =
  | { readonly kind: "task"; readonly task: string }
  | { readonly kind: "service"; readonly service: string }
  | {
      readonly kind: "task-definition";
      readonly taskDefinition: string;
      readonly start: StartInputs;
    };

/** How a new task is started; undefined leaves the choice to the task definition or to ECS. */
export interface StartInputs {
  readonly subnets: readonly string[];
  readonly securityGroups: readonly string[];
  readonly assignPublicIp: boolean | undefined;
  readonly platformVersion: string | undefined;
  readonly cpu: string | undefined;
  readonly memory: string | undefined;
  readonly ephemeralStorage: number | undefined;
  readonly taskRole: string | undefined;
  readonly executionRole: string | undefined;
  readonly tags: Readonly<Record<string, string>>;
  /** RunTask `overrides` as given, merged last. */
  readonly overrides: Readonly<Record<string, unknown>>;
  /** Keep the container alive by a resident command that ends by itself. */
  readonly hold: boolean;
  readonly keepTask: "never" | "on-failure" | "always";
}

export type ScriptSource =
  | { readonly kind: "run"; readonly text: string }
  | { readonly kind: "file"; readonly path: string; readonly bytes: Uint8Array };
