import { shown, type Parsed, type Parser } from "./parse.ts";

/** What POSIX lets a shell use as a variable. */
const variableName = /^[A-Za-z_][A-Za-z0-9_]*$/;

interface Variables {
  /** The environment that a bare NAME is taken from. */
  readonly env: NodeJS.ProcessEnv;
  /** Whether the lines may hold secrets: then a message gives the number of a line and nothing of its text. */
  readonly secret: boolean;
}

/**
 * `NAME=value` lines. The value is all that follows the first `=`, byte for byte: no quotes, no escapes, and it
 * may be empty. A bare `NAME` takes the value whole from the environment, several lines too, which a value
 * written into the input can't have. Blank lines are skipped.
 */
export function variables({ env, secret }: Variables): Parser<Readonly<Record<string, string>>> {
  return (text) => {
    const found = new Map<string, string>();
    for (const [index, line] of text.split("\n").entries()) {
      if (line.trim() === "") continue;
      // A line of a secret that broke into several lines looks like a name; so not even names are shown.
      const where = (name: string): string => (secret ? `line ${index + 1}` : shown(name));
      const equals = line.indexOf("=");
      const name = equals < 0 ? line.trim() : line.slice(0, equals).trimStart();
      if (!variableName.test(name)) {
        return wrong(`${where(name)}, where the name is not letters, digits and _ (and no digit first)`);
      }
      if (found.has(name)) return wrong(`${where(name)}, a name that was given before`);
      const value = equals < 0 ? environmentValue(env, name) : line.slice(equals + 1);
      if (value === undefined)
        return wrong(`${where(name)}, a bare name that the step's environment does not have`);
      if (value.includes("\0")) return wrong(`${where(name)}, whose value has a NUL byte`);
      found.set(name, value);
    }
    // Not an object filled name by name: `__proto__` is a name like any other.
    return { value: Object.fromEntries(found) };
  };
}

function environmentValue(env: NodeJS.ProcessEnv, name: string): string | undefined {
  return Object.hasOwn(env, name) ? env[name] : undefined;
}

function wrong(got: string): Parsed<never> {
  return {
    must: "NAME=value lines, or bare names of variables of the step",
    got,
    advice: "A value of several lines goes into the step's 'env:', and its bare name into this input.",
  };
}
