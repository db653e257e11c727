/**
 * Classifies ECS's words on a task: the errors of its calls, the `failures` in an answer, and the reasons of a stopped
 * task and its containers. No other file reads these words, except that `failures.ts` finds a throttle in them. The texts are those of the
 * ECS Developer Guide, "Stopped tasks error messages", and of the API reference, "API failure reasons". In each table
 * the first row that fits counts.
 */

/** The account runs as many vCPUs or tasks as it may: "You've reached the limit on the number of vCPUs you can run concurrently". */
const QUOTA = ["no-quota", /limit on the number of/i] as const;

/** Fargate has no capacity for the task. "capacity provider" in a text means something else. */
const SHORTAGE = ["no-capacity", /^RESOURCE|capacity(?! provider)/im] as const;

/**
 * The subnet has no free address. The guide's text for it is "Unexpected EC2 error while attempting to Create Network Interface with
 * public IP assignment enabled in subnet '<id>'". With an error code of EC2 behind it the text has another reason.
 */
const NO_ADDRESS = [
  "no-address",
  /^RESOURCE:ENI|InsufficientFreeAddresses|create network interface\b.* in subnet '[^']*'?\.?$/im,
] as const;

const REFUSALS = [
  ["no-task-role", /valid task role is not being used/i],
  ["no-definition", /unable to describe task definition|taskdefinition (not found|is inactive)/i],
  ["no-network", /network configuration must be provided/i],
  ["no-tags", /must be enabled to add tags/i],
  ["no-provider", /capacity provider.*not associated/is],
  QUOTA,
  SHORTAGE,
  // The agent of the instance that ECS chose is disconnected, often only for a moment.
  ["no-agent", /^AGENT\b/m],
  ["no-such-capacity", /ATTRIBUTE/i],
] as const;

const ENDS = [
  // The container runtime's words for an image without `sh`, which the hold command needs.
  ["no-shell", /exec: "(\/bin\/)?sh": (executable file not found|stat )/],
  ["architecture", /exec format error|matching (platform|manifest)/i],
  [
    "throttled",
    /Rate exceeded|ThrottlingException|RequestLimitExceeded|Rate limit exceeded while attempting/i,
  ],
  ["image", /CannotPull/],
  ["secret", /ResourceInitializationError.*(secret|registry auth|ssm|parameter)/is],
  ["log-driver", /ResourceInitializationError.*(logging driver|logger args|log group|log stream)/is],
  ["volume", /ResourceInitializationError.*(efs|mount|volume)|CannotCreateVolumeError/is],
  ["container-start", /CannotStartContainerError|CannotCreateContainerError/],
  ["set-up", /ResourceInitializationError/],
  [
    "platform",
    /CannotInspectContainerError|CannotStopContainerError|ContainerRuntime(Timeout)?Error|InternalError/,
  ],
  ["memory", /OutOfMemory/],
  ["spot", /Spot Task was interrupted|Spot interruption/i],
  ["no-such-network", /(subnet|security group)\b.* does not exist|InvalidSubnetID|InvalidGroup\.NotFound/i],
  NO_ADDRESS,
  SHORTAGE,
  ["no-capacity", QUOTA[1]],
  ["network-interface", /network interface|\bENI\b/i],
  ["health", /health check/i],
] as const;

/** Why ECS starts no task. */
export type TaskRefusal = (typeof REFUSALS)[number][0];
/** Why a task ended or never began. */
export type TaskEnd = (typeof ENDS)[number][0];

/** Undefined for words that are not known. */
export function taskRefusal(words: string): TaskRefusal | undefined {
  return REFUSALS.find(([, text]) => text.test(words))?.[0];
}

/** Undefined for words that are not known. */
export function taskEnd(words: string): TaskEnd | undefined {
  return ENDS.find(([, text]) => text.test(words))?.[0];
}

/** DeregisterTaskDefinition's words for a task definition that was deregistered before, or deleted since then. */
export function isAboutGoneDefinition(words: string): boolean {
  return /inactive|does not exist|unable to describe task definition/i.test(words);
}

/** StopTask's words for a task that does not exist, or no longer does. */
export function isAboutMissingTask(words: string): boolean {
  return /task was not found/i.test(words);
}

/**
 * ExecuteCommand's words when the agent is not connected, or the task has no ECS Exec. ECS has one text for both: "… execute
 * command was not enabled when the task was run or the execute command agent isn't running. Wait and try again …".
 */
export function isAboutMissingAgent(words: string): boolean {
  return /agent isn.t running/i.test(words);
}
