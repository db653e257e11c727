import type { HookOptions } from "../../ecs-options.ts";
import { AwsError } from "../aws-error.ts";
import type { Base } from "../base.ts";
import { CLUSTER, CLUSTER_ARN, REGION, SERVICE, SERVICE_ARN, ACCOUNT } from "../names.ts";

const MINUTE_MS = 60_000;
/** A deployment stays in a stage that has nothing to do for so long. */
const STAGE_MS = 500;

type Members = Readonly<Record<string, unknown>>;
export type Verdict = "CONTINUE" | "ROLLBACK";

/** What a deployment does to the tasks of its service. */
export interface DeploymentSteps {
  /** Starts tasks of the new revision, and calls `act` once they run. */
  readonly scaleUp: (act: () => void) => void;
  /** The tasks of older revisions may end. */
  readonly finish: () => void;
  /** The tasks of the new revision may end. Calls `act` once none is left. */
  readonly goBack: (act: () => void) => void;
}

/** A verdict that ECS was told. */
export interface ToldVerdict {
  /** The runner. */
  readonly by: string;
  readonly action: Verdict;
  readonly at: number;
  /** False when ECS has refused it, since the hook did not wait any more. */
  readonly isTaken: boolean;
}

interface Hook {
  readonly id: string;
  /** When the deployment came to it. */
  readonly at: number;
  readonly expiresAt: number;
  status: "AWAITING_ACTION" | "SUCCEEDED" | "FAILED" | "TIMED_OUT";
}

/** A deployment of the service that pauses at a hook. The one that the service had before the world began has no source. */
export class Deployment {
  readonly number: number;
  readonly createdAt: number;
  /** In their order. */
  readonly verdicts: ToldVerdict[] = [];
  hook: Hook | undefined;
  readonly #base: Base;
  readonly #options: HookOptions;
  readonly #steps: DeploymentSteps;
  /** The numbers of the deployments whose tasks ran when it began. */
  readonly #sources: readonly number[];
  #next: () => void = () => undefined;
  readonly #states: { readonly at: number; readonly status: string; readonly stage: string | undefined }[] =
    [];

  constructor(
    base: Base,
    { number, sources }: { readonly number: number; readonly sources: readonly number[] },
    options: HookOptions,
    steps: DeploymentSteps,
  ) {
    this.#base = base;
    this.#options = options;
    this.#steps = steps;
    this.number = number;
    this.#sources = sources;
    this.createdAt = base.time.now;
    this.#enter("PENDING", undefined);
    this.#later(() => {
      this.#enter("IN_PROGRESS", "RECONCILE_SERVICE");
      this.#reach("PRE_SCALE_UP", () => this.#scaleUp());
    });
  }

  get arn(): string {
    return `arn:aws:ecs:${REGION}:${ACCOUNT}:service-deployment/${CLUSTER}/${SERVICE}/d${this.number}`;
  }

  get status(): string {
    return this.#states.at(-1)?.status ?? "PENDING";
  }

  get isOver(): boolean {
    return ["SUCCESSFUL", "STOPPED", "ROLLBACK_SUCCESSFUL"].includes(this.status);
  }

  /** The service is deployed again. */
  supersede(): void {
    if (this.isOver) return;
    if (this.hook?.status === "AWAITING_ACTION") this.hook.status = "FAILED";
    this.#enter("STOPPED", this.#stage);
  }

  /** Fails as ECS does for a hook that does not wait. */
  tell(by: string, hookId: string, action: Verdict): void {
    const isTaken = this.hook?.id === hookId && this.hook.status === "AWAITING_ACTION" && !this.isOver;
    this.verdicts.push({ by, action, at: this.#base.time.now, isTaken });
    this.#base.timeline.note(
      "world",
      `deployment ${this.number} is told ${action}${isTaken ? "" : ", and does not wait for that"}`,
    );
    if (!isTaken || this.hook === undefined)
      throw new AwsError(
        "InvalidParameterException",
        400,
        `The lifecycle hook ${hookId} is not awaiting an action.`,
      );
    this.hook.status = action === "CONTINUE" ? "SUCCEEDED" : "FAILED";
    this.#act(action);
  }

  /** As ECS tells of it, whose answers are `lag` behind. Undefined while they don't have it yet. */
  describe(lag: number): Members | undefined {
    const at = this.#base.time.now - lag;
    const seen = this.#states.findLast((each) => each.at <= at);
    if (seen === undefined) return undefined;
    const { stage, action, isAtHand } = this.#options;
    return {
      ...this.#brief(seen.status),
      sourceServiceRevisions: this.#sources.map((each) => ({ arn: revisionArn(each) })),
      targetServiceRevision: { arn: revisionArn(this.number) },
      ...(seen.stage !== undefined && { lifecycleStage: seen.stage }),
      deploymentConfiguration: {
        strategy: "ROLLING",
        lifecycleHooks: isAtHand ? [configured(this.#options)] : [],
      },
      lifecycleHookDetails:
        this.hook === undefined || seen.stage === undefined || isBefore(seen.stage, stage)
          ? []
          : [
              {
                ...{ hookId: this.hook.id, targetType: "PAUSE", status: this.hook.status },
                ...{ expiresAt: new Date(this.hook.expiresAt), timeoutAction: action },
              },
            ],
    };
  }

  /** The same in a list. */
  list(lag: number): (Members & { readonly status: string }) | undefined {
    const at = this.#base.time.now - lag;
    const seen = this.#states.findLast((each) => each.at <= at);
    return seen && this.#brief(seen.status);
  }

  #brief(status: string): Members & { readonly status: string } {
    return {
      ...{ serviceDeploymentArn: this.arn, serviceArn: SERVICE_ARN, clusterArn: CLUSTER_ARN, status },
      ...{ createdAt: new Date(this.createdAt), targetServiceRevisionArn: revisionArn(this.number) },
    };
  }

  get #stage(): string | undefined {
    return this.#states.at(-1)?.stage;
  }

  #enter(status: string, stage: string | undefined): void {
    this.#states.push({ at: this.#base.time.now, status, stage });
    this.#base.timeline.note(
      "world",
      `deployment ${this.number} is ${status}${stage === undefined ? "" : ` at ${stage}`}`,
    );
  }

  #later(act: () => void): void {
    this.#base.time.after(this.#base.host, STAGE_MS, () => {
      if (!this.isOver) act();
    });
  }

  /** Comes to a stage. What follows waits for a verdict when the hook is there. */
  #reach(stage: string, next: () => void): void {
    this.#enter("IN_PROGRESS", stage);
    const { isAtHand, timeoutMinutes, action } = this.#options;
    if (!isAtHand || stage !== this.#options.stage) {
      this.#later(next);
      return;
    }
    const hook: Hook = {
      id: `ecs-pause-d${this.number}`,
      at: this.#base.time.now,
      expiresAt: this.#base.time.now + timeoutMinutes * MINUTE_MS,
      status: "AWAITING_ACTION",
    };
    this.hook = hook;
    this.#next = next;
    this.#base.time.after(this.#base.host, timeoutMinutes * MINUTE_MS, () => {
      if (hook.status !== "AWAITING_ACTION" || this.isOver) return;
      hook.status = "TIMED_OUT";
      this.#act(action);
    });
  }

  #act(verdict: Verdict): void {
    if (verdict === "CONTINUE") {
      this.#later(this.#next);
      return;
    }
    this.#enter("ROLLBACK_IN_PROGRESS", this.#stage);
    this.#steps.goBack(() => {
      if (!this.isOver) this.#enter("ROLLBACK_SUCCESSFUL", this.#stage);
    });
  }

  #scaleUp(): void {
    this.#enter("IN_PROGRESS", "SCALE_UP");
    this.#steps.scaleUp(() => {
      if (this.status !== "IN_PROGRESS") return;
      this.#reach("POST_SCALE_UP", () =>
        this.#reach("POST_PRODUCTION_TRAFFIC_SHIFT", () => {
          this.#enter("IN_PROGRESS", "CLEAN_UP");
          this.#steps.finish();
          this.#later(() => this.#enter("SUCCESSFUL", "CLEAN_UP"));
        }),
      );
    });
  }
}

const STAGES = [
  "RECONCILE_SERVICE",
  "PRE_SCALE_UP",
  "SCALE_UP",
  "POST_SCALE_UP",
  "POST_PRODUCTION_TRAFFIC_SHIFT",
];

function isBefore(stage: string, other: string): boolean {
  const at = STAGES.indexOf(stage);
  return at >= 0 && at < STAGES.indexOf(other);
}

function configured({ stage, timeoutMinutes, action }: HookOptions): Members {
  return {
    ...{ targetType: "PAUSE", lifecycleStages: [stage] },
    timeoutConfiguration: { timeoutInMinutes: timeoutMinutes, action },
  };
}

/** What a service says of the deployments to come. */
export function configurationOf(options: HookOptions): Members {
  return { strategy: "ROLLING", lifecycleHooks: options.isAtHand ? [configured(options)] : [] };
}

export function revisionArn(number: number): string {
  return `arn:aws:ecs:${REGION}:${ACCOUNT}:service-revision/${CLUSTER}/${SERVICE}/${number}`;
}
