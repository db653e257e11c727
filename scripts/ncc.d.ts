/** Types of the part of @vercel/ncc that the build calls. The package has none of its own. */
declare module "@vercel/ncc" {
  interface Options {
    readonly esm: boolean;
    readonly filename: string;
    /** The fields of a package.json that may name its entry; the first one present counts. */
    readonly mainFields: readonly string[];
    /** Packages that are not bundled, each with the path that it is imported by. */
    readonly externals: Readonly<Record<string, string>>;
    readonly cache: boolean;
    readonly quiet: boolean;
  }

  interface Bundle {
    readonly code: string;
    /** Chunks that are imported on demand, and files that the code reads, by file name. */
    readonly assets: Readonly<Record<string, { readonly source: string | Buffer }>>;
    /** Webpack's statistics: here all modules of all chunks. */
    readonly stats: { readonly compilation: { readonly modules: Iterable<Module> } };
  }

  interface Module {
    readonly resource?: string;
    /** The modules that are joined in this one. */
    readonly modules?: Iterable<Module>;
  }

  export default function ncc(entry: string, options: Options): Promise<Bundle>;
}
