import type { IncomingHttpHeaders } from "node:http";
import type { Records } from "../../ecs/records.ts";
import type { Access } from "../policy.ts";

/** A call, as far as the rights that it needs are concerned. */
export interface Request {
  /** As the signature names it. */
  readonly service: string;
  /** As AWS names it, such as `RunTask`; empty for S3. */
  readonly operation: string;
  /** Of a JSON call, or the parameters of a query call. */
  readonly body: Readonly<Record<string, unknown>>;
  readonly method: string;
  readonly url: URL;
  readonly headers: IncomingHttpHeaders;
}

/** One right that a call needs; all that it needs must be there. */
export interface Right extends Omit<Access, "context"> {
  readonly context?: Access["context"];
  /** The resource counts although AWS's service authorization reference knows of none. */
  readonly onResource?: boolean;
}

/** Where a call is made. */
export interface Place {
  readonly region: string;
  readonly accountId: string;
  readonly records: Pick<Records, "taskDefinition">;
  /** What is known of a task by its id or ARN. */
  tagsOfTask(reference: string): readonly { readonly key: string; readonly value: string }[];
  /** The ARN of the key that an alias of KMS stands for. */
  keyOfAlias(alias: string): Promise<string | undefined>;
}
