import type { FastifyRequest } from 'fastify';
import type { AuditStore } from '../../database/operations/audit-store.js';
import type { Logger } from '../../runtime/logger.js';
import { messageOf } from '../../runtime/errors.js';
import type { SecretMask } from '../../runtime/secrets.js';
import { toProblem } from '../problem.js';
import type { RouteAnswer } from '../route.js';
import { withoutSecrets } from './without-secrets.js';

export interface AuditTrailParts {
  readonly store: Pick<AuditStore, 'begin' | 'end'>;
  readonly logger: Logger;
  readonly secrets: SecretMask;
}

/** Characters of a body that are kept. */
const keptCharacters = 2_000;

/** Notes calls that change something before they are done: what can't be noted is not done. */
export class AuditTrail {
  readonly #parts: AuditTrailParts;

  constructor(parts: AuditTrailParts) {
    this.#parts = parts;
  }

  /** Does a call, and notes it with the status of its answer. */
  async note(request: FastifyRequest, work: () => Promise<RouteAnswer>): Promise<RouteAnswer> {
    const id = await this.#begin(request);
    try {
      const answer = await work();
      await this.#end(id, ('status' in answer ? answer.status : undefined) ?? 200);
      return answer;
    } catch (error) {
      await this.#end(id, toProblem(error, this.#parts.secrets).status);
      throw error;
    }
  }

  async #begin(request: FastifyRequest): Promise<number> {
    const { secrets, logger, store } = this.#parts;
    const { method, ip: address } = request;
    const call = { actor: request.right, address, method, path: secrets.mask(request.url) };
    const detail = await bodyOf(request, secrets);
    logger.log('info', `${method} ${call.path} by ${call.actor} from ${address}`, { event: 'api.call', ...call });
    return store.begin({ ...call, detail });
  }

  /** What was done is done: that its end could not be noted is told in the log alone. */
  async #end(id: number, status: number): Promise<void> {
    const { store, logger, secrets } = this.#parts;
    try {
      await store.end(id, status);
    } catch (error) {
      const message = `entry ${id} of the audit log has no end: ${secrets.mask(messageOf(error))}`;
      logger.log('warn', message, { event: 'api.audit_failed', audit_id: id, status });
    }
  }
}

async function bodyOf({ body }: FastifyRequest, secrets: SecretMask): Promise<string | null> {
  if (body === undefined || body === null) return null;
  return secrets.mask((await withoutSecrets(body)).slice(0, keptCharacters));
}
