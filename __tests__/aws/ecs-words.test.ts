import {
  isAboutGoneDefinition,
  isAboutMissingAgent,
  isAboutMissingTask,
  taskEnd,
  taskRefusal,
} from "../../src/aws/ecs-words.ts";

it.each([
  ["RESOURCE:ENI: no address left", "no-capacity"],
  ["AGENT\nRESOURCE:MEMORY", "no-capacity"],
  [
    "Capacity is unavailable at this time. Please try again later or in a different availability zone",
    "no-capacity",
  ],
  ["You've reached the limit on the number of vCPUs you can run concurrently", "no-quota"],
  ["You’ve reached the limit on the number of tasks you can run concurrently.", "no-quota"],
  ["ATTRIBUTE", "no-such-capacity"],
  [
    "The specified capacity provider strategy cannot contain a capacity provider that is not associated with the cluster.",
    "no-provider",
  ],
  ["Specifying both a launch type and capacity provider strategy is not supported.", undefined],
  ["Unable to describe task definition.", "no-definition"],
  [
    "The new ARN and resource ID format must be enabled to add tags to the service. Opt in to the new format and try again.",
    "no-tags",
  ],
  ["AGENT", "no-agent"],
  ["INACTIVE", undefined],
])("tells why ECS starts no task: %s", (words, refusal) => {
  expect(taskRefusal(words)).toBe(refusal);
});

it.each([
  ["Capacity is unavailable at this time.", "no-capacity"],
  ["Your Spot Task was interrupted.", "spot"],
  ["RESOURCE:ENI", "no-address"],
  ["Timeout waiting for network interface provisioning to complete.", "network-interface"],
  ["ResourceInitializationError: failed to validate logger args", "log-driver"],
  ["ResourceInitializationError: something new", "set-up"],
  ["Essential container in task exited\nOutOfMemoryError: Container killed due to memory usage", "memory"],
  ["Essential container in task exited", undefined],
])("tells why a task ended: %s", (words, end) => {
  expect(taskEnd(words)).toBe(end);
});

it.each([
  ["with public IP assignment enabled in subnet 'subnet-1'", "no-address"],
  ["with public IP assignment enabled in subnet 'subnet-1'\nno reason of a container", "no-address"],
  ["in subnet 'subnet-1': InsufficientFreeAddressesInSubnet", "no-address"],
  ["in subnet 'subnet-1': RequestLimitExceeded", "throttled"],
  ["in subnet 'subnet-1': AuthFailure", "network-interface"],
])("tells why there is no network interface: %s", (words, end) => {
  expect(taskEnd(`Unexpected EC2 error while attempting to Create Network Interface ${words}`)).toBe(end);
});

it.each([
  ['exec: "/bin/sh": stat /bin/sh: no such file or directory', "no-shell"],
  ['exec: "srv": executable file not found in $PATH', "container-start"],
])("tells the missing shell from another missing program: %s", (runtime, end) => {
  expect(taskEnd(`CannotStartContainerError: ${runtime}`)).toBe(end);
});

it.each([
  [
    isAboutGoneDefinition,
    "The specified task definition is inactive. You may not deregister it again.",
    true,
  ],
  [isAboutGoneDefinition, "Unable to describe task definition.", true],
  [isAboutGoneDefinition, "The specified task definition does not exist.", true],
  [isAboutGoneDefinition, "Family should not be blank.", false],
  [isAboutMissingTask, "The referenced task was not found.", true],
  [isAboutMissingTask, "taskId longer than 36.", false],
  [
    isAboutMissingAgent,
    "The execute command failed because execute command was not enabled when the task was run or the execute command agent isn\u2019t running. Wait and try again.",
    true,
  ],
  [
    isAboutMissingAgent,
    "Unable to start new execute sessions because the maximum session limit is reached.",
    false,
  ],
])("%O knows its words: %s", (says, words, expected) => {
  expect(says(words)).toBe(expected);
});
