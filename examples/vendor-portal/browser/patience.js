// How long things may take, on a machine that is busy.

/// Anything that is waited for.
export const PATIENCE = 45_000;
/// A test.
export const LIMIT = { timeout: 180_000 };
