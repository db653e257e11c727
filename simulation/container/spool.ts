/** The most bytes of a file of the spool, and the least that wait for a reader before the job is held. */
const LARGEST_FILE = 8 << 20;
const LEAST_LIMIT = 4 << 20;

/** What the job has printed, in files. A file whose bytes the reader has confirmed is removed, but never the last one. */
export class Spool {
  #bytes = Buffer.alloc(0);
  #length = 0;
  /** Where each file begins. */
  readonly #starts = [0];
  #disk = Infinity;
  #limit = Infinity;
  #fileBytes = LARGEST_FILE;
  /** False once the disk had no room for something. Nothing more is kept then. */
  isWhole = true;
  /** True from the moment at which the spool was full until half of that is confirmed. */
  isHeld = false;
  /** The workers were told to stop, and may print a file more. */
  isTold = false;
  onGrowth: () => void = () => undefined;
  #onTight: () => void = () => undefined;

  /** The number of the byte behind the last one. */
  get end(): number {
    return this.#length;
  }

  /** The first byte that is kept. */
  get begin(): number {
    return this.#starts[0] ?? 0;
  }

  /** Whether the recorder reads nothing more for now. */
  get isFull(): boolean {
    const kept = this.#length - this.begin;
    if (kept >= this.#limit) {
      this.isHeld = true;
      this.#onTight();
    }
    return this.isWhole && kept >= this.#limit + (this.isTold ? this.#fileBytes : 0);
  }

  /** Half of what is free on the disk may wait for the reader. `onTight` is called when something has to wait for room, or is lost for want of it. */
  bound(disk: number, onTight: () => void): void {
    this.#disk = disk;
    this.#onTight = onTight;
    this.#limit = Math.max(LEAST_LIMIT, Math.floor(disk / 2));
    this.#fileBytes = Math.min(LARGEST_FILE, Math.floor(this.#limit / 16));
  }

  /** Something else takes so much of the disk from now on. */
  lose(bytes: number): void {
    this.#disk -= bytes;
  }

  /** Whether the disk has room for a copy of so many bytes. */
  hasRoom(bytes: number): boolean {
    const isThere = this.#disk - (this.#length - this.begin) >= bytes;
    if (!isThere) this.#onTight();
    return isThere;
  }

  add(data: Buffer): void {
    const free = this.#disk - (this.#length - this.begin);
    if (!this.isWhole || data.length === 0) return;
    this.isWhole = data.length <= free;
    if (!this.isWhole) this.#onTight();
    this.#append(data.subarray(0, Math.max(0, free)));
    if (this.#length - (this.#starts.at(-1) ?? 0) >= this.#fileBytes) this.#starts.push(this.#length);
    this.onGrowth();
  }

  #append(data: Buffer): void {
    const room = this.#bytes.length - this.#length;
    if (room < data.length) {
      const larger = Buffer.alloc(2 * (this.#length + data.length));
      this.#bytes.copy(larger, 0, 0, this.#length);
      this.#bytes = larger;
    }
    data.copy(this.#bytes, this.#length);
    this.#length += data.length;
  }

  read(at: number, length: number): Buffer {
    return Buffer.from(this.#bytes.subarray(at, Math.min(at + length, this.#length)));
  }

  /** The reader has all up to this byte. */
  confirm(byte: number): void {
    const { begin } = this;
    while (this.#starts.length > 1 && (this.#starts[1] ?? 0) <= byte) this.#starts.shift();
    if (this.begin === begin) return;
    if ((this.#starts.at(-1) ?? 0) - this.begin <= this.#limit / 2) this.isHeld = false;
    this.onGrowth();
  }
}
