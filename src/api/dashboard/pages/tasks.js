import { notFoundPage } from './not-found.js';

export const tasksPage = notFoundPage;
