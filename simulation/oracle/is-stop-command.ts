/** Whether the command of a session only stops a job. No client opens its channel. */
export function isStopCommand(command: string): boolean {
  return command.includes("fx_tries=");
}
