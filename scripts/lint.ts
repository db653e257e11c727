import { resolve } from "node:path";
import { ESLint } from "eslint";
import ts from "typescript";

/**
 * Checks the types of the files of tsconfig.json, and then runs ESLint, whose rules ask the same program for types. `tsc` and `eslint` one after
 * the other would work out all types twice.
 */
async function main(root: string): Promise<boolean> {
  process.chdir(root);
  const program = programOf("tsconfig.json");
  const diagnostics = ts.getPreEmitDiagnostics(program);
  process.stderr.write(ts.formatDiagnosticsWithColorAndContext(diagnostics, host));
  const eslint = new ESLint({
    overrideConfig: [
      {
        files: ["**/*.ts"],
        languageOptions: { parserOptions: { projectService: false, programs: [program] } },
      },
    ],
  });
  const results = await eslint.lintFiles(["."]);
  const formatter = await eslint.loadFormatter();
  console.log(await formatter.format(results));
  return diagnostics.length === 0 && results.every(({ messages }) => messages.length === 0);
}

const host: ts.FormatDiagnosticsHost = {
  getCurrentDirectory: () => process.cwd(),
  getCanonicalFileName: (name) => name,
  getNewLine: () => "\n",
};

function programOf(configuration: string): ts.Program {
  const parsed = ts.getParsedCommandLineOfConfigFile(
    configuration,
    {},
    {
      ...ts.sys,
      onUnRecoverableConfigFileDiagnostic: (diagnostic) => {
        throw new Error(ts.formatDiagnostic(diagnostic, host));
      },
    },
  );
  if (parsed === undefined) throw new Error(`${configuration} can't be read.`);
  // ESLint's rules go from a node to its parent.
  const files = ts.createCompilerHost(parsed.options, true);
  return ts.createProgram(parsed.fileNames, parsed.options, files);
}

if (!(await main(resolve(import.meta.dirname, "..")))) process.exitCode = 1;
