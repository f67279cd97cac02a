// A scripted app's line to its test: commands come in on standard input, events go out on standard error, one JSON
// object a line. Standard output is left to the SDK, whose log thread writes there whenever it likes.
import { createInterface } from 'node:readline';

/** Tells the test that something happened. */
export function tell(event, members = {}) {
  process.stderr.write(`${JSON.stringify({ event, atMs: Date.now(), ...members })}\n`);
}

/** What went wrong, as a person reads it. SDK functions throw errors and strings. */
export const words = (error) => (error instanceof Error ? error.message : String(error));

/**
 * Carries out `{ id, command, argument }` lines with these functions and answers each with what it returned or threw,
 * whenever that is; ends the process when the test is gone.
 */
export function obey(commands) {
  const lines = createInterface({ input: process.stdin });
  lines.on('line', async (line) => {
    const { id, command, argument } = JSON.parse(line);
    try {
      const value = await commands[command](argument ?? undefined);
      tell('answer', { id, value: value ?? null });
    } catch (error) {
      tell('answer', { id, error: words(error) });
    }
  });
  lines.on('close', () => process.exit(0));
}
