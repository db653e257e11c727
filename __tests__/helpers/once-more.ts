import { jest } from "@jest/globals";

// Real tasks, sessions and clocks on a machine that others may load: what fails is told, and tried once more. What has
// no machine to wait for has no excuse. The second tries are counted (second-tries.ts).
if (expect.getState().testPath?.endsWith(".local.test.ts") === true)
  jest.retryTimes(1, { logErrorsBeforeRetry: true });
