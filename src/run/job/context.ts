import type { ExecConfiguration } from "../../aws/ecs.ts";
import type { PackedFiles } from "../../payload/files/pack-files.ts";
import type { HeldLock } from "../../queue/lock/held-lock.ts";
import type { EarlyLook } from "../../queue/early-look.ts";
import type { ImageSizes } from "../../ready/image-sizes.ts";
import type { OutputWriter } from "../../report/show/lines.ts";
import type { ItemsOfJob } from "../items/job-items.ts";
import type { CarriedItems } from "../items/rerun/carried-items.ts";
import type { StepContext } from "../step-context.ts";
import type { Target } from "../../targets/target.ts";
import type { TaskLooks } from "../../targets/tasks/task-looks.ts";

/** What a job has before its target is known. */
export interface UnassignedJob extends StepContext {
  /** How the cluster encrypts and logs its sessions, once ECS has told; undefined when the caller may not describe the cluster. */
  readonly exec: Promise<ExecConfiguration | undefined>;
  /** A look at the sessions of all containers that began before the target was known. */
  readonly early?: EarlyLook | undefined;
  /** What the payload brings from the workspace. */
  readonly files?: PackedFiles | undefined;
  /** The lock under which the job runs. */
  readonly lock?: HeldLock | undefined;
  /** The items that the job takes; undefined when its script runs once. */
  readonly items?: ItemsOfJob | undefined;
  /** What is told in which images the items of the step run; undefined when no later run asks for that. */
  readonly carried?: Pick<CarriedItems, "sees"> | undefined;
  readonly looks: TaskLooks;
  /** What is known of the images that the run's tasks have pulled; undefined when there is no summary. */
  readonly images?: ImageSizes | undefined;
  /** Where the job's output goes. */
  readonly write: OutputWriter;
}

/** What the phases of one job share. */
export interface JobContext extends UnassignedJob {
  readonly target: Target;
  /** Whether to queue for a seat in the container for `queue-timeout`; false: one look only. */
  readonly queues: boolean;
  /** How long the task may make no progress on its way to RUNNING, in milliseconds; undefined when no other task can replace it. */
  readonly stuckAfter?: number | undefined;
}
