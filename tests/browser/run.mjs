/// The browser walks: real Chromium against the real server and its Redis.
///
///     node tests/browser/run.mjs [path of the program]
///
/// Builds nothing: the program is `target/debug/warmhall` unless named here or in WARMHALL_BIN, with `kiosk-ui/dist` built.

import { spawn } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';

const here = import.meta.dirname;
if (process.argv[2]) process.env.WARMHALL_BIN = path.resolve(process.argv[2]);
const { program } = await import('./server.mjs');
for (const [needed, how] of [
  [program, 'cargo build'],
  [path.join(here, '../../kiosk-ui/dist/index.html'), '(cd kiosk-ui && npm ci && npm run build)'],
  [path.join(here, '../../kiosk-ui/node_modules/playwright-core'), '(cd kiosk-ui && npm ci)'],
]) {
  if (existsSync(needed)) continue;
  console.error(`${needed} is not there; make it with: ${how}`);
  process.exit(1);
}
const walks = readdirSync(here).filter((name) => name.endsWith('.walk.mjs')).map((name) => path.join(here, name));
const child = spawn(process.execPath, ['--test', '--test-concurrency=1', '--test-reporter=spec', ...walks], { stdio: 'inherit' });
child.on('exit', (code) => process.exit(code ?? 1));
