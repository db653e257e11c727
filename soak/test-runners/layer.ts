import { execFileSync } from "node:child_process";
import { cpSync, linkSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type { LayeredImage } from "../../local/images/image.ts";
import { virtualEnvironment } from "../../local/python.ts";
import { SHOP_IMAGES } from "../../local/shop/shop.ts";

const PYTEST = "pytest==8.4.2";

/** An image like the shop's, with real test runners in place of the stand-ins. */
export interface TestRunners {
  readonly images: Readonly<Record<string, LayeredImage>>;
  /** The working directory of its containers, as a path of this machine. */
  readonly srv: string;
  remove(): void;
}

/** Fetches pytest from PyPI and these packages from npm, and puts them and Node.js into the image's files. */
export function testRunners(packages: readonly string[]): TestRunners {
  mkdirSync(".cache", { recursive: true });
  const layer = mkdtempSync(resolve(".cache/test-runners-"));
  const srv = join(layer, "srv/shop");
  const bin = join(virtualEnvironment, "bin");
  const remove = (): void => rmSync(layer, { recursive: true, force: true });
  try {
    cpSync(SHOP_IMAGES["shop"]?.layer ?? "", layer, { recursive: true });
    rmSync(join(srv, "pytest.py"));
    rmSync(join(layer, "usr/local/bin/npx"));
    const pip = [
      "-m",
      "pip",
      "install",
      "--quiet",
      "--disable-pip-version-check",
      "--root-user-action=ignore",
    ];
    const target = ["--target", join(layer, "opt/pytest")];
    execFileSync(join(bin, "python3"), [...pip, ...target, PYTEST], { stdio: "inherit" });
    writeFileSync(join(srv, "package.json"), '{ "name": "web", "private": true }\n');
    execFileSync("npm", ["install", "--silent", "--no-audit", "--no-fund", ...packages], {
      cwd: srv,
      stdio: "inherit",
    });
    mkdirSync(join(layer, "opt/node/bin"), { recursive: true });
    linkSync(process.execPath, join(layer, "opt/node/bin/node"));
    // An npx that runs the installed program.
    const npx = '#!/bin/sh\nname=$1; shift; exec "node_modules/.bin/$name" "$@"\n';
    writeFileSync(join(layer, "opt/node/bin/npx"), npx, { mode: 0o755 });
  } catch (error) {
    remove();
    throw error;
  }
  const env = { PYTHONPATH: "/opt/pytest", PATH: `/opt/node/bin:${bin}:/usr/bin:/bin` };
  return { images: { ...SHOP_IMAGES, shop: { layer, workdir: "/srv/shop", env } }, srv, remove };
}
