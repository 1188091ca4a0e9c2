/** The text of a setting, and where it came from in words: `flag --database`, `.env LOG_LEVEL`. */
export interface FoundSetting {
  readonly text: string;
  readonly origin: string;
}
