import { type Announcement, BEL, findAnnouncement, LONGEST_MARK } from "./marks.ts";

/** Finds the one announcement of a session, in bytes that come in pieces of any size. */
export class AnnouncementReader {
  #noise = "";
  #isFound = false;

  /** Returns the announcement when it is complete; undefined before and after that. */
  read(bytes: Buffer): Announcement | undefined {
    if (this.#isFound) return undefined;
    this.#noise = (this.#noise + bytes.toString("latin1")).slice(-LONGEST_MARK);
    // Only bytes with a BEL can complete a mark. A search at every call would be slow: a hostile peer can send many
    // beginnings of marks.
    const announcement = bytes.includes(BEL) ? findAnnouncement(this.#noise) : undefined;
    if (announcement === undefined) return undefined;
    this.#isFound = true;
    this.#noise = "";
    return announcement;
  }
}
