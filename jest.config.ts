import type { Config } from "jest";
import { IN_SOAK } from "./__tests__/helpers/in-soak.ts";

const config: Config = {
  testEnvironment: "<rootDir>/__tests__/helpers/environment.ts",
  // Tests run real processes on a busy machine. The limit is long, since it must end only a test that hangs, not a slow one.
  // All seeds of a fuzz test take many minutes.
  testTimeout: process.env["FUZZ_ALL"] === "1" ? 3_600_000 : 600_000,
  // A worker of a test file with containers waits for three quarters of its time.
  maxWorkers: 7,
  // A large worker starts programs more slowly, since libuv forks and a fork copies the page table. So a worker that has kept much
  // memory of earlier files is replaced.
  workerIdleMemoryLimit: "200MB",
  // Concurrent tests mostly wait for a container.
  maxConcurrency: 8,
  testSequencer: "<rootDir>/__tests__/helpers/slowest-first.ts",
  globalSetup: "<rootDir>/__tests__/helpers/before-all.ts",
  testMatch: ["<rootDir>/__tests__/**/*.test.ts"],
  testPathIgnorePatterns:
    process.env["EVERY_ROW"] === "1" ? [] : IN_SOAK.map((file) => `/__tests__/${file}[.]test[.]ts$`),
  extensionsToTreatAsEsm: [".ts"],
  transform: {
    // `npm run types` checks the types; here they are only stripped.
    "^.+\\.ts$": [
      "@swc/jest",
      { jsc: { parser: { syntax: "typescript" }, target: "es2023" }, module: { type: "es6" } },
    ],
  },
  modulePathIgnorePatterns: ["<rootDir>/.cache", "<rootDir>/build", "<rootDir>/dist"],
};

export default config;
