/** Where a platform keeps what programs can make again. */
import { homedir } from 'node:os';
import path from 'node:path';

/**
 * Default cache folder: `$XDG_CACHE_HOME/candor` where that is set, else `~/Library/Caches/candor` (macOS),
 * `%LOCALAPPDATA%\candor\Cache` (Windows) or `~/.cache/candor`.
 */
export function defaultCacheFolder(
  platform: NodeJS.Platform = process.platform,
  environment: Readonly<Record<string, string | undefined>> = process.env,
  home: string = homedir(),
): string {
  const { join, isAbsolute } = platform === 'win32' ? path.win32 : path.posix;
  const xdg = environment.XDG_CACHE_HOME;
  // The XDG specification has relative paths ignored.
  if (xdg && isAbsolute(xdg)) return join(xdg, 'candor');
  if (platform === 'darwin') return join(home, 'Library', 'Caches', 'candor');
  if (platform === 'win32') return join(environment.LOCALAPPDATA || join(home, 'AppData', 'Local'), 'candor', 'Cache');
  return join(home, '.cache', 'candor');
}
