/** How long another's write lock is waited for, in milliseconds. */
export const busyTimeoutMs = 5_000;
