/** What the action uses of `sax`. Its package has no types, and the published ones lack the limit and the parser's state. */
declare module "sax" {
  interface Parser {
    write(text: string): void;
    /** Ends the document. */
    close(): void;
    /** Goes on after an error. */
    resume(): void;

    onerror: (error: Error) => void;
    ondoctype: () => void;
    onopentagstart: () => void;
    onattribute: (attribute: { readonly name: string; readonly value: string }) => void;
    onopentag: (tag: { readonly name: string }) => void;
    onclosetag: () => void;
    ontext: (text: string) => void;
    oncdata: (text: string) => void;

    /** From 0. */
    readonly line: number;
    readonly column: number;
    /** Whether the outermost element has begun. */
    readonly sawRoot: boolean;
    /** What came after `<!`, until it is known what that begins. */
    readonly sgmlDecl: string;
    /** The text of a document type; true after one. */
    readonly doctype: string | true;
    /** The name of the entity that is read. */
    readonly entity: string;
    /** The character that is read; empty at the end. */
    readonly c: string;
  }

  const sax: {
    /** The most characters of a name, an attribute or the like. A text comes in parts that are not much longer. */
    MAX_BUFFER_LENGTH: number;
    /** With `strictEntities` there are only the five entities of XML. */
    parser(strict: true, options: { readonly strictEntities: true }): Parser;
  };
  export default sax;
}
