/** What ECS is like in this world beside the tasks that run when it begins. Where the facts about AWS are unverified, a scenario chooses. */
export interface EcsOptions {
  /** How many milliseconds ECS's answers are behind: a new task, a new status, a deregistered definition. */
  readonly lag: number;
  /** The callers may describe task definitions. */
  readonly mayDescribe: boolean;
  /** The callers may register task definitions. Otherwise a task is started from the user's own. */
  readonly mayRegister: boolean;
  /** The user's task definition has a shell as its entry point, so that no copy of it is needed. */
  readonly hasShell: boolean;
  /** The image has an ENTRYPOINT of its own, which takes no command. */
  readonly hasOwnEntryPoint: boolean;
  /** Milliseconds of each stage of a new task. A task may need half or twice as long. */
  readonly start: StageTimes;
  /** The containers of new tasks are like this one of `containers`. */
  readonly like: number;
  /** How long the image's own command runs, in milliseconds. */
  readonly ownCommand: number;
  /** Milliseconds from TERM to the end of that command, in one new task after the other, and again from the first one on. Undefined: as in `like`. */
  readonly stopsIn?: readonly number[];
  /** The service of the cluster; undefined when there is none. */
  readonly service?: ServiceOptions;
  /** The most tasks that run at once. Undefined: any number. */
  readonly quota?: number;
}

/** A service. */
export interface ServiceOptions {
  /** How many tasks it has. */
  readonly tasks: number;
  /** The callers may protect its tasks. */
  readonly mayProtect: boolean;
  /** Its deployments go through stages, and pause at a hook. Undefined: new tasks take the place of the old ones at once. */
  readonly hook?: HookOptions;
}

/** A pause hook of a service. */
export interface HookOptions {
  readonly stage: "PRE_SCALE_UP" | "POST_SCALE_UP" | "POST_PRODUCTION_TRAFFIC_SHIFT";
  readonly timeoutMinutes: number;
  /** What ECS does then. */
  readonly action: "CONTINUE" | "ROLLBACK";
  /** False: the service has no such hook, and its deployments go on by themselves. */
  readonly isAtHand: boolean;
  /** The tasks of a deployment tell the number of its revision. */
  readonly isNumbered: boolean;
}

/** The stages of a new task, in their order. */
export interface StageTimes {
  /** PROVISIONING: until the network interface is there. */
  readonly network: number;
  /** PENDING: the image is pulled. */
  readonly pull: number;
  /** ACTIVATING. */
  readonly activate: number;
  /** RUNNING, while ECS says that the exec agent is PENDING. */
  readonly agent: number;
  /** The exec agent is RUNNING, and is not connected yet. */
  readonly connect: number;
}

export type EcsFault = RefusalFault | FateFault | ServiceFault;

/** The service begins a deployment, or stops one of its tasks. */
export interface ServiceFault {
  readonly kind: "deploy" | "scale-in";
  readonly actor: string;
  readonly at: number;
}

/** RunTask calls of this actor start no task: the `count`-th one and those after it, `times` in all. */
export interface RefusalFault {
  readonly kind: "refusal";
  readonly actor: string;
  readonly count: number;
  readonly times: number;
  readonly what: "capacity" | "capacity-failure" | "quota" | "agent" | "disguised-throttle" | "no-tags";
}

/** What becomes of a new task, such as `task 1 of runner 0`. */
export interface FateFault {
  readonly kind: "fate";
  readonly actor: string;
  readonly what: Fate;
}

/**
 * `no-image`, `no-secret`, `no-address` and `no-capacity` end it before it runs. `stuck` stays PENDING. The container `exits` at once. The
 * exec agent of `no-agent` stays PENDING, that of `agent-stops` stops.
 */
export type Fate =
  "no-image" | "no-secret" | "no-address" | "no-capacity" | "stuck" | "exits" | "no-agent" | "agent-stops";
