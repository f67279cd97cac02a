// One shape for every failure that crosses the host boundary.
import type { ApiError, Code } from './generated';

const CODES: ReadonlySet<string> = new Set<Code>([
  'invalid_request',
  'unauthorized',
  'not_found',
  'busy',
  'storage',
  'internal',
]);

/** An `ApiError` that can be thrown. */
export class HostError extends Error implements ApiError {
  readonly code: Code;
  readonly nextStep: string | null;

  constructor(error: ApiError) {
    super(error.message);
    this.name = 'HostError';
    this.code = error.code;
    this.nextStep = error.nextStep;
  }
}

/** True for what a console sends as the body of a refusal. */
export function isApiError(value: unknown): value is ApiError {
  if (typeof value !== 'object' || value === null) return false;
  const { code, message } = value as Record<string, unknown>;
  return typeof code === 'string' && CODES.has(code) && typeof message === 'string';
}

/** Whatever was thrown, as a `HostError`. */
export function toHostError(thrown: unknown): HostError {
  if (thrown instanceof HostError) return thrown;
  if (isApiError(thrown)) return new HostError({ ...thrown, nextStep: thrown.nextStep ?? null });
  const text = thrown instanceof Error ? thrown.message : typeof thrown === 'string' ? thrown : '';
  return new HostError({
    code: 'internal',
    message: text === '' ? 'Something went wrong inside the console.' : text,
    nextStep: 'Try again. If it happens again, the log file says more (Settings, About).',
  });
}

/** The console could not be reached at all. */
export function unreachable(): HostError {
  return new HostError({
    code: 'internal',
    message: 'The console cannot be reached.',
    nextStep: 'Check that it is still running, then try again.',
  });
}
