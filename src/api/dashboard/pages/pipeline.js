import { notFoundPage } from './not-found.js';

export const pipelinePage = notFoundPage;
