import { notFoundPage } from './not-found.js';

export const taskPage = notFoundPage;
