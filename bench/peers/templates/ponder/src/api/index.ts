// Ponder wants a server of its own, whatever it serves.
import { Hono } from 'hono';

export default new Hono();
