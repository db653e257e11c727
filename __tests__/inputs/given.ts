import { Failure } from "../../src/errors.ts";
import type { Inputs } from "../../src/inputs/inputs.ts";
import { readInputs } from "../../src/inputs/read-all.ts";
import type { InputSource } from "../../src/inputs/source.ts";

export type GivenInputs = Readonly<Record<string, string>>;

export interface Surroundings {
  readonly env?: NodeJS.ProcessEnv;
  /** Text by absolute path; the workspace is /repo. */
  readonly files?: Readonly<Record<string, string>>;
}

/** A step whose inputs are just these. */
export function source(given: GivenInputs, { env = {}, files = {} }: Surroundings = {}): InputSource {
  return {
    door: "handle" in given ? "attach" : "forwards" in given ? "forward" : "root",
    get: (name) => given[name] ?? "",
    env,
    workspace: "/repo",
    directories: ["/repo", "/temp"],
    readFile: (path) => {
      const text = files[path];
      if (text === undefined) throw new Error(`ENOENT: no such file or directory, open '${path}'`);
      return Buffer.from(text);
    },
  };
}

/** The least that a step has to give. */
export const least: GivenInputs = { service: "web", run: "echo hello\n", region: "eu-west-1" };

export const newTask: GivenInputs = {
  "task-definition": "migrate:42",
  subnets: "subnet-0a1b2c3d",
  run: "echo hello\n",
  region: "eu-west-1",
};

export function read(given: GivenInputs, around?: Surroundings): Inputs {
  return readInputs(source(given, around));
}

/** The failure with which reading these inputs ends. Throws when they are accepted. */
export function refusal(given: GivenInputs, around?: Surroundings): Failure {
  try {
    read(given, around);
  } catch (error) {
    if (error instanceof Failure) return error;
    throw error;
  }
  throw new Error("the inputs were accepted");
}
