import type { ContainerDefinition } from "../ecs-shapes.ts";
import type { Keys } from "../keys.ts";
import { signedFetch } from "../signed-fetch.ts";

/** The log group of a container that logs to CloudWatch, else undefined. */
export function awslogsGroup(definition: Pick<ContainerDefinition, "logConfiguration">): string | undefined {
  const { logDriver, options } = definition.logConfiguration ?? {};
  return logDriver === "awslogs" ? options?.["awslogs-group"] : undefined;
}

export interface AwsLogsOptions {
  readonly endpoint: string;
  readonly region: string;
  /** Those of the execution role. */
  readonly keys: Keys;
  readonly definition: ContainerDefinition;
  readonly taskId: string;
  readonly log: (line: string) => void;
}

/**
 * The log driver `awslogs`: each line that a container prints becomes an event of the stream
 * `<prefix>/<container>/<task id>`. It sends events in batches. Events that can't be sent are lost, as with the real driver in its
 * non-blocking mode; `log` gets the reason.
 */
export class AwsLogs {
  readonly #options: AwsLogsOptions;
  readonly #stream: { readonly logGroupName: string; readonly logStreamName: string };
  #events: { timestamp: number; message: string }[] = [];
  #unfinished = "";
  #sending: Promise<void> = Promise.resolve();
  #scheduled = false;

  private constructor(options: AwsLogsOptions) {
    const { definition, taskId } = options;
    const prefix = definition.logConfiguration?.options?.["awslogs-stream-prefix"];
    this.#options = options;
    this.#stream = {
      logGroupName: awslogsGroup(definition) ?? "",
      logStreamName: prefix === undefined ? taskId : `${prefix}/${definition.name}/${taskId}`,
    };
  }

  /** Makes the stream. When that fails, rejects with the stopped reason that Fargate gives the task. */
  static async open(options: AwsLogsOptions): Promise<AwsLogs> {
    const logs = new AwsLogs(options);
    try {
      await logs.#call("CreateLogStream", logs.#stream);
    } catch (error) {
      // The text is from a user's report: https://github.com/doctorray117/minecraft-ondemand/issues/12
      throw new Error(
        "ResourceInitializationError: failed to validate logger args: create stream has been retried 1 times: " +
          `failed to create Cloudwatch log stream: ${wordsOf(error)} : exit status 1`,
        { cause: error },
      );
    }
    return logs;
  }

  readonly write = (chunk: Buffer): void => {
    const lines = (this.#unfinished + chunk.toString("utf8")).split("\n");
    this.#unfinished = lines.pop() ?? "";
    const timestamp = Date.now();
    // CloudWatch refuses an empty event.
    for (const message of lines) if (message !== "") this.#events.push({ timestamp, message });
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#sending = this.#sending.then(() => this.#send());
  };

  async #send(): Promise<void> {
    this.#scheduled = false;
    const logEvents = this.#events;
    this.#events = [];
    if (logEvents.length === 0) return;
    try {
      await this.#call("PutLogEvents", { ...this.#stream, logEvents });
    } catch (error) {
      this.#options.log(`awslogs ${this.#stream.logGroupName}: ${wordsOf(error)}`);
    }
  }

  async #call(operation: string, request: object): Promise<void> {
    const { endpoint, region, keys } = this.#options;
    const response = await signedFetch({ url: endpoint, region, keys }, "logs", {
      method: "POST",
      headers: {
        "content-type": "application/x-amz-json-1.1",
        "x-amz-target": `Logs_20140328.${operation}`,
      },
      body: JSON.stringify(request),
    });
    if (response.ok) return;
    const { __type = "", message = "" } = (await response.json()) as { __type?: string; message?: string };
    throw new Error(`${__type.split("#").at(-1) ?? ""}: ${message}`);
  }
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
