import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { CapacityProvider, Service, TaskSet } from "../../ecs-shapes.ts";
import { invalidParameter } from "../errors.ts";

export interface PauseHookConfiguration {
  readonly targetType?: "AWS_LAMBDA" | "PAUSE";
  readonly lifecycleStages?: readonly string[];
  readonly timeoutConfiguration?: { readonly timeoutInMinutes?: number; readonly action?: Verdict };
}

/** The part of a service's `deploymentConfiguration` that the local Fargate obeys. */
export interface DeploymentConfiguration {
  readonly strategy?: "ROLLING" | "BLUE_GREEN" | "CANARY" | "LINEAR";
  readonly lifecycleHooks?: readonly PauseHookConfiguration[];
  readonly bakeTimeInMinutes?: number;
  readonly deploymentCircuitBreaker?: { readonly enable: boolean; readonly rollback: boolean };
}

export type Verdict = "CONTINUE" | "ROLLBACK";

/** What a service's tasks are made from: the service's own record, or that of its PRIMARY task set. */
export interface RevisionSource extends Omit<TaskSet, "taskSetArn" | "status"> {
  readonly capacityProviderStrategy?: readonly CapacityProvider[];
}

export interface Revision {
  readonly arn: string;
  readonly source: RevisionSource;
}

/** What a deployment does to the service's tasks. */
export interface DeploymentSteps {
  /** Starts the target revision's tasks. Resolves with true once all of them run; with false when too many of them have ended. */
  scaleUp(over: AbortSignal): Promise<boolean>;
  /** Ends the tasks of the source revision. */
  finish(): Promise<void>;
  /** Ends the tasks of the target revision, and gives the service its source revision back. */
  rollBack(): Promise<void>;
}

interface HookDetail {
  readonly hookId: string;
  readonly targetType: "PAUSE";
  status: "AWAITING_ACTION" | "SUCCEEDED" | "FAILED" | "TIMED_OUT";
  readonly expiresAt: number;
  readonly timeoutAction: Verdict;
}

/** The stages in their order, from AWS's page "Lifecycle hooks for Amazon ECS service deployments". */
const BEFORE_TASKS = ["RECONCILE_SERVICE", "PRE_SCALE_UP"];
const BEFORE_TRAFFIC = ["POST_SCALE_UP", "POST_TEST_TRAFFIC_SHIFT"];
/** The stages that are repeated with each step of a canary or linear deployment. */
const EACH_SHIFT = ["PRE_PRODUCTION_TRAFFIC_SHIFT"];
const AFTER_TRAFFIC = ["POST_PRODUCTION_TRAFFIC_SHIFT"];
/** The stages that take Lambda functions alone. */
const WITHOUT_PAUSE = ["TEST_TRAFFIC_SHIFT", "PRODUCTION_TRAFFIC_SHIFT"];
const SHIFTS = { CANARY: 2, LINEAR: 2, ROLLING: 1, BLUE_GREEN: 1 } as const;

/** Refuses what AWS's API reference of DeploymentConfiguration excludes. AWS's own words are not known. */
export function checkDeployment({
  strategy,
  bakeTimeInMinutes,
  lifecycleHooks = [],
}: DeploymentConfiguration = {}): void {
  if (strategy === "BLUE_GREEN" && bakeTimeInMinutes === undefined)
    throw invalidParameter("bakeTimeInMinutes is required with the deployment strategy BLUE_GREEN.");
  const pauses = lifecycleHooks.filter(({ targetType }) => targetType === "PAUSE");
  const stage = pauses
    .flatMap(({ lifecycleStages = [] }) => lifecycleStages)
    .find((one) => WITHOUT_PAUSE.includes(one));
  if (stage !== undefined) throw invalidParameter(`A PAUSE hook can't be configured at ${stage}.`);
}

/** A deployment of a service. It goes through its stages by itself and waits at pause hooks. */
export class ServiceDeployment {
  readonly arn: string;
  readonly target: Revision;
  readonly createdAt = Date.now();
  /** The verdicts that it has taken, in their order. */
  readonly verdicts: Verdict[] = [];
  readonly #service: Pick<Service, "serviceArn" | "clusterArn">;
  readonly #source: Revision | undefined;
  readonly #configuration: DeploymentConfiguration;
  readonly #minuteMs: number;
  readonly #over = new AbortController();
  readonly #hooks: { readonly detail: HookDetail; readonly decide: (verdict: Verdict) => void }[] = [];
  #status = "PENDING";
  #reason: string | undefined;
  #stage: string | undefined;
  #finishedAt: number | undefined;
  #decidedAt: number | undefined;

  constructor(
    service: Pick<Service, "serviceArn" | "clusterArn">,
    revisions: { readonly target: Revision; readonly source: Revision | undefined },
    configuration: DeploymentConfiguration,
    { minuteMs }: { readonly minuteMs: number },
  ) {
    const id = randomBytes(16).toString("base64url");
    this.arn = `${service.serviceArn.replace(":service/", ":service-deployment/")}/${id}`;
    this.#service = service;
    this.target = revisions.target;
    this.#source = revisions.source;
    this.#configuration = configuration;
    this.#minuteMs = minuteMs;
  }

  get status(): string {
    return this.#status;
  }

  get isOver(): boolean {
    return this.#finishedAt !== undefined;
  }

  /** Goes through all stages. Never rejects. */
  async run(steps: DeploymentSteps): Promise<void> {
    this.#status = "IN_PROGRESS";
    try {
      if (await this.#passes(steps)) {
        await steps.finish();
        this.#end("SUCCESSFUL");
      } else await this.#goBack(steps);
    } catch (error) {
      if (!this.isOver) this.#end("STOPPED", error instanceof Error ? error.message : String(error));
    }
  }

  /** Ends the deployment, since its service is deployed again or deleted. */
  supersede(): void {
    if (this.isOver) return;
    for (const { detail } of this.#hooks) if (detail.status === "AWAITING_ACTION") detail.status = "FAILED";
    this.#end("STOPPED", "Service deployment stopped because of a new deployment.");
    this.#over.abort();
  }

  /** Whether a pause hook awaits an action now. */
  get waits(): boolean {
    return this.#hooks.some(({ detail }) => detail.status === "AWAITING_ACTION");
  }

  /** When the last verdict was taken, in milliseconds since the epoch. */
  get decidedAt(): number | undefined {
    return this.#decidedAt;
  }

  /** Gives a hook its verdict. False when no hook of this id awaits one. */
  decide(hookId: string, verdict: Verdict): boolean {
    const hook = this.#hooks.find(({ detail }) => detail.hookId === hookId);
    if (hook?.detail.status !== "AWAITING_ACTION" || this.#status !== "IN_PROGRESS") return false;
    this.verdicts.push(verdict);
    this.#decidedAt = Date.now();
    hook.detail.status = verdict === "CONTINUE" ? "SUCCEEDED" : "FAILED";
    hook.decide(verdict);
    return true;
  }

  /** Times out the hook that awaits an action, without waiting for its time-out. */
  expire(): void {
    for (const { detail, decide } of this.#hooks) {
      if (detail.status !== "AWAITING_ACTION") continue;
      detail.status = "TIMED_OUT";
      decide(detail.timeoutAction);
    }
  }

  get brief(): object {
    return {
      serviceDeploymentArn: this.arn,
      serviceArn: this.#service.serviceArn,
      clusterArn: this.#service.clusterArn,
      createdAt: this.createdAt / 1000,
      startedAt: this.createdAt / 1000,
      ...(this.#finishedAt !== undefined && { finishedAt: this.#finishedAt / 1000 }),
      targetServiceRevisionArn: this.target.arn,
      status: this.#status,
      ...(this.#reason !== undefined && { statusReason: this.#reason }),
    };
  }

  get view(): object {
    return {
      ...this.brief,
      sourceServiceRevisions: this.#source === undefined ? [] : [{ arn: this.#source.arn }],
      targetServiceRevision: { arn: this.target.arn },
      ...(this.#stage !== undefined && { lifecycleStage: this.#stage }),
      deploymentConfiguration: this.#configuration,
      lifecycleHookDetails: this.#hooks.map(({ detail }) => ({
        ...detail,
        expiresAt: detail.expiresAt / 1000,
      })),
    };
  }

  async #passes(steps: DeploymentSteps): Promise<boolean> {
    const { strategy = "ROLLING" } = this.#configuration;
    if (!(await this.#pauses(BEFORE_TASKS))) return false;
    this.#stage = "SCALE_UP";
    if (!(await steps.scaleUp(this.#over.signal))) return false;
    if (!(await this.#pauses(BEFORE_TRAFFIC))) return false;
    for (let shift = 0; shift < SHIFTS[strategy]; shift += 1)
      if (!(await this.#pauses(EACH_SHIFT))) return false;
    if (!(await this.#pauses(AFTER_TRAFFIC))) return false;
    this.#stage = "CLEAN_UP";
    return true;
  }

  /** Waits at each pause hook of these stages. False at the first ROLLBACK. The first deployment of a service does not wait. */
  async #pauses(stages: readonly string[]): Promise<boolean> {
    if (this.#source === undefined) return true;
    for (const stage of stages) {
      for (const hook of this.#configuration.lifecycleHooks ?? []) {
        if (hook.targetType !== "PAUSE" || hook.lifecycleStages?.includes(stage) !== true) continue;
        this.#stage = stage;
        if ((await this.#pause(hook)) === "ROLLBACK") return false;
      }
    }
    return true;
  }

  async #pause({ timeoutConfiguration }: PauseHookConfiguration): Promise<Verdict> {
    const { timeoutInMinutes = 1440, action = "ROLLBACK" } = timeoutConfiguration ?? {};
    const ms = timeoutInMinutes * this.#minuteMs;
    const detail: HookDetail = {
      hookId: `ecs-pause-${randomBytes(32).toString("base64url")}`,
      targetType: "PAUSE",
      status: "AWAITING_ACTION",
      expiresAt: Date.now() + ms,
      timeoutAction: action,
    };
    const decided = new AbortController();
    const signal = AbortSignal.any([decided.signal, this.#over.signal]);
    const verdict = new Promise<Verdict>((decide) => this.#hooks.push({ detail, decide }));
    const expired = sleep(ms, undefined, { ref: false, signal }).then(
      (): Verdict => {
        detail.status = "TIMED_OUT";
        return action;
      },
      () => new Promise<never>(() => undefined),
    );
    const superseded = new Promise<never>((_, reject) =>
      this.#over.signal.addEventListener("abort", () => reject(new Error("superseded")), { once: true }),
    );
    try {
      return await Promise.race([verdict, expired, superseded]);
    } finally {
      decided.abort();
    }
  }

  async #goBack(steps: DeploymentSteps): Promise<void> {
    this.#status = "ROLLBACK_IN_PROGRESS";
    await steps.rollBack();
    this.#end("ROLLBACK_SUCCESSFUL");
  }

  #end(status: string, reason?: string): void {
    this.#status = status;
    this.#reason = reason;
    this.#finishedAt = Date.now();
  }
}
