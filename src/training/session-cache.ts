/** One engine session per composition of patch shapes; with as many patches a step as tasks there is only one. */
import { encodeTrainingGraph, type PatchBucket, type TrainingGraphOptions } from '../networks/training-graph.js';
import type { Runtime, Session } from '../runtime/session.js';

export class SessionCache {
  private readonly sessions = new Map<string, Session>();

  constructor(
    private readonly runtime: Runtime,
    private readonly options: Omit<TrainingGraphOptions, 'buckets'>,
  ) {}

  async for(buckets: readonly PatchBucket[]): Promise<Session> {
    const key = buckets.map(({ name, batch }) => `${batch}*${name}`).join('+');
    let session = this.sessions.get(key);
    if (!session) {
      session = await this.runtime.open(encodeTrainingGraph({ ...this.options, buckets }));
      this.sessions.set(key, session);
    }
    return session;
  }

  async release(): Promise<void> {
    for (const session of this.sessions.values()) await session.release();
    this.sessions.clear();
  }
}
