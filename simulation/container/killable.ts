/** What KILL ends. */
export interface Killable {
  readonly isDead: boolean;
  kill(): void;
}
