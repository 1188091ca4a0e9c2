import type { AlertChannel, AlertMessage } from '../alert-message.js';
import { cut, wordsOf, type AlertWords } from './alert-words.js';
import { postAlert, type PostOptions } from './post-alert.js';

/** POSTs what an alert says to a room where people talk. */
class ChatChannel implements AlertChannel {
  readonly name: string;
  readonly #options: PostOptions;
  readonly #bodyOf: (message: AlertMessage) => object;

  constructor(name: string, options: PostOptions, bodyOf: (message: AlertMessage) => object) {
    this.name = name;
    this.#options = options;
    this.#bodyOf = bodyOf;
  }

  async send(message: AlertMessage, signal: AbortSignal): Promise<void> {
    await postAlert(this.#options, { body: JSON.stringify(this.#bodyOf(message)) }, signal);
  }
}

/** Sends to an incoming webhook of Slack. */
export function slackChannel(options: PostOptions): AlertChannel {
  return new ChatChannel('Slack', options, (message) => {
    const { title, text, link } = wordsOf(message);
    const where = link === null ? '' : `\n<${link}|open the page>`;
    return { text: `${emblem(message)} *${inSlack(title)}*\n${inSlack(cut(text, 3_000))}${where}` };
  });
}

/** Sends to a webhook of Discord. */
export function discordChannel(options: PostOptions): AlertChannel {
  return new ChatChannel('Discord', options, (message) => {
    const { title, text, link } = wordsOf(message);
    const embed = { title: cut(title, 256), description: inDiscord(cut(text, 2_000)), color: colorOf(message) };
    return {
      embeds: [{ ...embed, timestamp: message.timestamp, ...(link === null ? {} : { url: link }) }],
      // An error's text must wake nobody: it may hold @everyone.
      allowed_mentions: { parse: [] },
    };
  });
}

/** Whose bot sends to which chat of Telegram; `url` is that of its API. */
export interface TelegramOptions extends PostOptions {
  readonly token: string;
  readonly chat: string;
}

/** Sends to a chat of Telegram by a bot. */
export function telegramChannel({ url, token, chat, ...options }: TelegramOptions): AlertChannel {
  const method = `${url.replace(/\/+$/, '')}/bot${token}/sendMessage`;
  return new ChatChannel('Telegram', { ...options, url: method }, (message) => ({
    chat_id: chat,
    text: cut(plainText(message, wordsOf(message)), 4_000),
    link_preview_options: { is_disabled: true },
  }));
}

function plainText(message: AlertMessage, { title, text, link }: AlertWords): string {
  return `${emblem(message)} ${title}\n${text}${link === null ? '' : `\n${link}`}`;
}

function emblem({ type, data }: AlertMessage): string {
  if (type === 'alert.test') return '🔔';
  if (data.state === 'cleared') return '🟢';
  return data.severity === 'critical' ? '🔴' : '🟡';
}

function colorOf({ type, data }: AlertMessage): number {
  if (type === 'alert.test') return 0x3b82f6;
  if (data.state === 'cleared') return 0x16a34a;
  return data.severity === 'critical' ? 0xdc2626 : 0xeab308;
}

/** Slack reads `<!channel>` and links out of these three characters. */
function inSlack(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

function inDiscord(text: string): string {
  return text.replace(/[\\*_~`|>]/g, '\\$&');
}
