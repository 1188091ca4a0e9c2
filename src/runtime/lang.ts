/** The languages of log lines, headings and status texts. */
export type Lang = 'en' | 'zh';
