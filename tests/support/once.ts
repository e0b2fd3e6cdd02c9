/**
 * What tests of a file share, made before the first of them: `beforeEach(once(make))`. Unlike `beforeAll`, a failure fails
 * the tests, which would else be skipped, and mutation testing takes skipped tests for passed ones.
 */
export function once(make: () => unknown): () => Promise<void> {
  let made: Promise<unknown> | undefined;
  return async () => {
    made ??= Promise.resolve(make());
    await made;
  };
}
