import type { IncomingHttpHeaders } from "node:http";
import type { Records } from "../../ecs/records.ts";
import type { Access } from "../policy.ts";

/** The parts of a call that decide which rights it needs. */
export interface Request {
  /** The service that the signature names. */
  readonly service: string;
  /** AWS's name of the operation, such as `RunTask`; empty for S3. */
  readonly operation: string;
  /** The body of a JSON call, or the parameters of a query call. */
  readonly body: Readonly<Record<string, unknown>>;
  readonly method: string;
  readonly url: URL;
  readonly headers: IncomingHttpHeaders;
}

/** One right that a call needs. A call needs all of its rights. */
export interface Right extends Omit<Access, "context"> {
  readonly context?: Access["context"];
  /** Whether the resource counts although AWS's service authorization reference names none for this action. */
  readonly onResource?: boolean;
}

/** The region and account of a call, and the records that rights depend on. */
export interface CallScope {
  readonly region: string;
  readonly accountId: string;
  readonly records: Pick<Records, "taskDefinition">;
  /** The tags of a task, by its id or ARN. */
  tagsOfTask(reference: string): readonly { readonly key: string; readonly value: string }[];
  /** The ARN of the KMS key that an alias names. */
  keyOfAlias(alias: string): Promise<string | undefined>;
}
