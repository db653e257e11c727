/** The part of @vercel/ncc that the build calls: the package has no types of its own. */
declare module "@vercel/ncc" {
  interface Options {
    readonly esm: boolean;
    readonly filename: string;
    /** Which fields of a package.json name the package's entry, the first that is there. */
    readonly mainFields: readonly string[];
    /** The name of the asset that holds all licences. */
    readonly license: string;
    /** Packages that are imported by these paths, and not bundled. */
    readonly externals: Readonly<Record<string, string>>;
    readonly cache: boolean;
    readonly quiet: boolean;
  }

  interface Bundle {
    readonly code: string;
    /** By file name: chunks that are imported on demand, files that the code reads, and the licences. */
    readonly assets: Readonly<Record<string, { readonly source: string | Buffer }>>;
  }

  export default function ncc(entry: string, options: Options): Promise<Bundle>;
}
