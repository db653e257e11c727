import vm from "node:vm";
import { TestEnvironment } from "jest-environment-node";

/**
 * Jest's environment for Node.js. Jest compiles each module anew for each test file, the SDK's hundreds among them. With this environment a
 * worker compiles a module once, and only runs it for each file.
 */
export default TestEnvironment;

const { compileFunction, Script, SourceTextModule } = vm;

/** A module that can still be cached; the types of Node.js 20 lack the method. */
type NewModule = vm.SourceTextModule & { createCachedData(): Buffer };

/** What was made of the code of each file. The code may change while Jest watches. */
class Compiled<T> {
  readonly #known = new Map<string, { readonly code: string; readonly made: T }>();

  of(file: string, code: string, make: () => T): T {
    const known = this.#known.get(file);
    if (known?.code === code) return known.made;
    const made = make();
    this.#known.set(file, { code, made });
    return made;
  }
}

/** V8 compiles a script once for all contexts, also what it compiles only at the first call. */
const scripts = new Compiled<vm.Script | undefined>();
/** V8 shares no module between contexts, but reads what it has made of one faster than its code. */
const modules = new Compiled<Buffer>();

const compileFunctionOnce: typeof compileFunction = (code, parameters = [], options = {}) => {
  const { filename = "", parsingContext } = options;
  const head = `(function (${parameters.join()}) {`;
  const script = scripts.of(`${filename} ${head}`, code, () =>
    // An import() needs the options, which V8 compiles into the code.
    /\bimport\s*\(/.test(code)
      ? undefined
      : new Script(`${head}${code}\n})`, { filename, columnOffset: -head.length }),
  );
  if (script === undefined || parsingContext === undefined) return compileFunction(code, parameters, options);
  return script.runInContext(parsingContext) as ReturnType<typeof compileFunction>;
};

function newModule(code: string, options: vm.SourceTextModuleOptions): vm.SourceTextModule {
  let made: vm.SourceTextModule | undefined;
  const cachedData = modules.of(options.identifier ?? "", code, () => {
    made = new SourceTextModule(code, options);
    return (made as NewModule).createCachedData();
  });
  try {
    return made ?? new SourceTextModule(code, { ...options, cachedData });
  } catch {
    // V8 refuses what it made before a test has set one of its flags.
    return new SourceTextModule(code, options);
  }
}

Object.assign(vm, {
  compileFunction: compileFunctionOnce,
  SourceTextModule: new Proxy(SourceTextModule, {
    construct: (_, [code, options]: [string, vm.SourceTextModuleOptions]) => newModule(code, options),
  }),
});
