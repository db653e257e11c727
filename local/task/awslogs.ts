import type { ContainerDefinition } from "../ecs/shapes.ts";

/** The log group of a container that logs to CloudWatch, else undefined. */
export function awslogsGroup(definition: ContainerDefinition): string | undefined {
  const { logDriver, options } = definition.logConfiguration ?? {};
  return logDriver === "awslogs" ? options?.["awslogs-group"] : undefined;
}

/**
 * The log driver `awslogs`: what a container prints becomes events, one a line, of the stream
 * `<prefix>/<container>/<task id>`. Sends in batches; what cannot be sent is told to `log` and lost, as with the
 * real driver in its non-blocking mode.
 */
export class AwsLogs {
  readonly #call: (operation: string, request: object) => Promise<void>;
  readonly #log: (line: string) => void;
  readonly #stream: { readonly logGroupName: string; readonly logStreamName: string };
  #events: { timestamp: number; message: string }[] = [];
  #unfinished = "";
  #sending: Promise<void>;
  #scheduled = false;

  constructor(options: {
    endpoint: string;
    region: string;
    definition: ContainerDefinition;
    taskId: string;
    log: (line: string) => void;
  }) {
    const { definition, taskId } = options;
    const settings = definition.logConfiguration?.options ?? {};
    const prefix = settings["awslogs-stream-prefix"];
    this.#log = options.log;
    this.#stream = {
      logGroupName: awslogsGroup(definition) ?? "",
      logStreamName: prefix === undefined ? taskId : `${prefix}/${definition.name}/${taskId}`,
    };
    this.#call = (operation, request) => call(options.endpoint, options.region, operation, request);
    this.#sending = this.#attempt(() => this.#call("CreateLogStream", this.#stream));
  }

  readonly write = (chunk: Buffer): void => {
    const lines = (this.#unfinished + chunk.toString("utf8")).split("\n");
    this.#unfinished = lines.pop() ?? "";
    const timestamp = Date.now();
    // CloudWatch takes no empty event.
    for (const message of lines) if (message !== "") this.#events.push({ timestamp, message });
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#sending = this.#sending.then(() => this.#send());
  };

  async #send(): Promise<void> {
    this.#scheduled = false;
    const logEvents = this.#events;
    this.#events = [];
    if (logEvents.length > 0)
      await this.#attempt(() => this.#call("PutLogEvents", { ...this.#stream, logEvents }));
  }

  async #attempt(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#log(
        `awslogs ${this.#stream.logGroupName}: ${error instanceof Error ? error.message : String(error)}`,
      );
    }
  }
}

async function call(endpoint: string, region: string, operation: string, request: object): Promise<void> {
  const response = await fetch(endpoint, {
    method: "POST",
    headers: {
      "content-type": "application/x-amz-json-1.1",
      "x-amz-target": `Logs_20140328.${operation}`,
      authorization: `AWS4-HMAC-SHA256 Credential=local/20200101/${region}/logs/aws4_request, Signature=0`,
    },
    body: JSON.stringify(request),
  });
  if (!response.ok) throw new Error(await response.text());
}
