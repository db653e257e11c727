/** The part of @vercel/ncc that the build calls: the package has no types of its own. */
declare module "@vercel/ncc" {
  interface Options {
    readonly esm: boolean;
    readonly filename: string;
    /** Which fields of a package.json name the package's entry, the first that is there. */
    readonly mainFields: readonly string[];
    /** Packages that are imported by these paths, and not bundled. */
    readonly externals: Readonly<Record<string, string>>;
    readonly cache: boolean;
    readonly quiet: boolean;
  }

  interface Bundle {
    readonly code: string;
    /** By file name: chunks that are imported on demand, and files that the code reads. */
    readonly assets: Readonly<Record<string, { readonly source: string | Buffer }>>;
    /** What webpack tells of its work: here all modules of all chunks. */
    readonly stats: { readonly compilation: { readonly modules: Iterable<Module> } };
  }

  interface Module {
    readonly resource?: string;
    /** Of a module that holds others. */
    readonly modules?: Iterable<Module>;
  }

  export default function ncc(entry: string, options: Options): Promise<Bundle>;
}
