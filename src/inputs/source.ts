/** Where inputs come from: all that `readInputs` knows of the runner. */
export interface InputSource {
  /** The input byte for byte, its default filled in by the runner; empty when it was not given. */
  get(name: string): string;
  /** The environment of the step. */
  readonly env: NodeJS.ProcessEnv;
  /** Throws when there is no such file, or when it may not be read. `path` is absolute. */
  readFile(path: string): Uint8Array;
  /** The directory that the repository is checked out in. */
  readonly workspace: string;
}
