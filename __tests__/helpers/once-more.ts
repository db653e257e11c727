import { jest } from "@jest/globals";

// These tests use real tasks, sessions, shells and clocks on a machine that may be busy. So a failure is reported and tried once more, at
// once: a later test of the file may take away what the test needs. All other tests get one try. second-tries.ts counts the second tries.
if (
  /\.local\.test\.ts$|\/__tests__\/(payload\/|local\/agent\/|simulation\/replays)/.test(
    expect.getState().testPath ?? "",
  )
)
  jest.retryTimes(1, { logErrorsBeforeRetry: true, retryImmediately: true });
