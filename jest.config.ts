import type { Config } from "jest";

const config: Config = {
  testEnvironment: "node",
  // Real processes on a busy machine: the limit ends a test that hangs, and is no measure of a slow one.
  // Every seed of a fuzz test is many minutes of work.
  testTimeout: process.env["FUZZ_ALL"] === "1" ? 3_600_000 : 600_000,
  // Most files wait for containers most of their time: with four workers two processors were idle for a quarter of it.
  maxWorkers: 5,
  // What a worker keeps of earlier files makes each program that it starts dearer: libuv forks, and a fork copies the page table.
  workerIdleMemoryLimit: "200MB",
  // Tests that are concurrent mostly wait for a container.
  maxConcurrency: 8,
  testSequencer: "<rootDir>/__tests__/helpers/slowest-first.ts",
  globalSetup: "<rootDir>/__tests__/helpers/before-all.ts",
  reporters: ["default", "<rootDir>/__tests__/helpers/second-tries.ts"],
  setupFilesAfterEnv: ["<rootDir>/__tests__/helpers/once-more.ts"],
  testMatch: ["<rootDir>/__tests__/**/*.test.ts"],
  extensionsToTreatAsEsm: [".ts"],
  transform: {
    // Types are checked by `npm run types`; here they are only stripped.
    "^.+\\.ts$": [
      "@swc/jest",
      { jsc: { parser: { syntax: "typescript" }, target: "es2023" }, module: { type: "es6" } },
    ],
  },
  modulePathIgnorePatterns: ["<rootDir>/.cache", "<rootDir>/build", "<rootDir>/dist"],
};

export default config;
