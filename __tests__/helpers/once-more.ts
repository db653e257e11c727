import { jest } from "@jest/globals";

// Real tasks, sessions and clocks on a machine that others may load: what fails is told, and tried once more.
jest.retryTimes(1, { logErrorsBeforeRetry: true });
