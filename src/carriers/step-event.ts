import type { Failure } from "../errors.ts";
import type { UploadOrder } from "./upload-orders.ts";

/** What happens beside the carriers of a job. */
export type StepEvent =
  /** The container has ended. */
  | { readonly kind: "gone" }
  /** The job's time is over. */
  | { readonly kind: "overdue" }
  /** AWS refuses the credentials. */
  | { readonly kind: "expired"; readonly refusal: Failure }
  | { readonly kind: "detach" }
  /** Another run waits for the seat in the container. */
  | { readonly kind: "wanted" }
  /** The container is to be ordered to upload its output, unless `over` has aborted. Undefined: it is never. */
  | { readonly kind: "ordered"; readonly order: UploadOrder | undefined; readonly over: AbortSignal };
