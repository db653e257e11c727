/** `MessageLengthThresholdInBytes` of amazon-ssm-agent: the transcript's bytes in one event, before the newlines are edited. */
const EVENT_BYTES = 200_000;

/**
 * Cuts a transcript into CloudWatch messages as the agent does. A message is whole lines of up to 200,000 bytes together; a longer
 * line is cut at the limit. CR LF becomes LF, once (so CR CR LF keeps a CR). The last newline of each message is dropped.
 */
export function cutIntoEvents(transcript: Buffer): string[] {
  const events: string[] = [];
  let start = 0;
  let at = 0;
  while (at < transcript.length) {
    const newline = transcript.indexOf("\n", at);
    const end = newline === -1 ? transcript.length : newline + 1;
    const next = Math.min(end, at + EVENT_BYTES);
    if (next - start > EVENT_BYTES) {
      events.push(editMessage(transcript.subarray(start, at)));
      start = at;
    }
    at = next;
  }
  if (at > start) events.push(editMessage(transcript.subarray(start, at)));
  return events;
}

function editMessage(message: Buffer): string {
  const text = message.toString("utf8").replaceAll("\r\n", "\n");
  return message.at(-1) === 0x0a ? text.slice(0, -1) : text;
}
