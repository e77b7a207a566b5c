/// A real server in a folder of its own: started, killed, started again on the same port, and closed at the end.

import { spawn, execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';

const root = path.resolve(import.meta.dirname, '../..');
export const program = path.resolve(root, process.env.WARMHALL_BIN ?? 'target/debug/warmhall');
const run = promisify(execFile);
const openMsMax = 90_000;

async function freePort() {
  const door = createServer().listen(0, '127.0.0.1');
  await once(door, 'listening');
  const { port } = door.address();
  door.close();
  await once(door, 'close');
  return port;
}

export class Server {
  /// `mode` is serve or demo.
  static async open(mode = 'serve', more = []) {
    const server = new Server();
    server.dir = await mkdtemp(path.join(tmpdir(), 'warmhall-walk-'));
    server.data = path.join(server.dir, 'data');
    server.listen = `127.0.0.1:${await freePort()}`;
    server.base = `http://${server.listen}`;
    server.mode = mode;
    server.more = more;
    await server.start();
    return server;
  }

  /// Ends once the server answers.
  async start() {
    this.child = spawn(program, [this.mode, '--data-dir', this.data, '--listen', this.listen, ...this.more], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.said = '';
    const greeted = new Promise((resolve, reject) => {
      const hear = (chunk) => {
        this.said += chunk;
        if (this.said.includes('Ctrl-C')) resolve();
      };
      this.child.stdout.on('data', hear);
      this.child.stderr.on('data', hear);
      this.child.once('error', reject);
      this.child.once('exit', (code, signal) => reject(new Error(`the server ended (${code ?? signal}):\n${this.said}`)));
      setTimeout(() => reject(new Error(`the server did not open:\n${this.said}`)), openMsMax).unref();
    });
    await greeted;
  }

  get setupPath() {
    return /\/setup\?token=\S+/.exec(this.said)?.[0];
  }

  /// As when the power goes: nothing is closed, nobody is told.
  async kill() {
    this.child.kill('SIGKILL');
    await once(this.child, 'exit');
  }

  async close() {
    if (this.child.exitCode === null && this.child.signalCode === null) {
      this.child.kill('SIGTERM');
      await once(this.child, 'exit');
    }
    if (!process.env.WARMHALL_KEEP) await rm(this.dir, { recursive: true, force: true });
  }

  async token(role, name, more = []) {
    const { stdout } = await run(program, ['token', '--data-dir', this.data, '--role', role, '--name', name, ...more], { cwd: root });
    return stdout.trim();
  }

  async user(name, password, more) {
    const asked = run(program, ['user', 'add', name, '--data-dir', this.data, ...more], { cwd: root });
    asked.child.stdin.end(`${password}\n`);
    await asked;
  }

  /// Gives the hall an address book.
  async addresses(file) {
    await run(program, ['addresses', 'import', file, '--data-dir', this.data], { cwd: root });
  }

  /// Asks the server as a program with a token would.
  async ask(token, method, where, body) {
    const headers = { Authorization: `Bearer ${token}`, Accept: 'application/json' };
    if (method !== 'GET') headers['Idempotency-Key'] = crypto.randomUUID();
    if (body !== undefined) headers['Content-Type'] = 'application/json';
    const init = { method, headers };
    if (body !== undefined) init.body = JSON.stringify(body);
    const response = await fetch(`${this.base}/api/v1${where}`, init);
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${where}: ${response.status} ${text}`);
    return text === '' ? null : JSON.parse(text);
  }
}
