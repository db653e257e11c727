export type TaskStatus =
  | "PROVISIONING"
  | "PENDING"
  | "ACTIVATING"
  | "RUNNING"
  | "DEACTIVATING"
  | "STOPPING"
  | "DEPROVISIONING"
  | "STOPPED";

export type StopCode =
  | "TaskFailedToStart"
  | "EssentialContainerExited"
  | "UserInitiated"
  | "ServiceSchedulerInitiated"
  | "SpotInterruption"
  | "TerminationNotice"
  | "InfrastructureHealth";

/** The times of a task that DescribeTasks shows. */
export type TaskTime =
  | "createdAt"
  | "connectivityAt"
  | "pullStartedAt"
  | "pullStoppedAt"
  | "startedAt"
  | "stoppingAt"
  | "executionStoppedAt"
  | "stoppedAt";
