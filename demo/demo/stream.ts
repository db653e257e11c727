import { setTimeout as sleep } from "node:timers/promises";
import { CloudWatchLogsClient, GetLogEventsCommand } from "@aws-sdk/client-cloudwatch-logs";
import type { LocalFargate } from "../../local/start.ts";

/** The exec agent uploads its transcript some seconds after the session. */
const PATIENCE_MS = 20_000;

/** The lines of the session's stream once it is whole, without the control sequences that a terminal hides. */
export async function readStream(
  local: LocalFargate,
  outputs: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const client = new CloudWatchLogsClient({
    endpoint: local.url,
    region: local.region,
    credentials: local.admin,
  });
  const stream = {
    logGroupName: outputs["log-group"],
    logStreamName: outputs["log-stream"],
    startFromHead: true,
  };
  let text = "";
  try {
    const until = Date.now() + PATIENCE_MS;
    // The last line is from `script`, with which the agent makes the transcript.
    while (!text.includes("Script done") && Date.now() < until && !signal.aborted) {
      await sleep(200);
      // Until the first upload there is no such stream.
      const answer = await client.send(new GetLogEventsCommand(stream)).catch(() => undefined);
      text = (answer?.events ?? []).map(({ message = "" }) => message).join("\n");
    }
  } finally {
    client.destroy();
  }
  return text.split("\n").map(visible);
}

/** Removes what a terminal does not show: carriage returns and operating system commands, the action's marks among them. */
function visible(line: string): string {
  // eslint-disable-next-line no-control-regex -- these are the characters meant
  return line.replace(/\u001b\][^\u0007]*\u0007/g, "").replaceAll("\r", "");
}
