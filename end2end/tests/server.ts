// A Darkroom of its own, with a fresh data folder, on a free port.

import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const program =
  process.env.DARKROOM ?? fileURLToPath(new URL('../../target/debug/darkroom', import.meta.url));

export class Server {
  readonly folder = mkdtempSync(join(tmpdir(), 'darkroom-end2end-'));
  url = '';
  private child?: ChildProcess;
  private log = '';

  /** Starts it, for a second time too, and waits until it answers. */
  async start(): Promise<void> {
    const port = await freePort();
    this.url = `http://127.0.0.1:${port}`;
    const args = ['serve', '--port', `${port}`, '--data-dir', this.folder, '--device', 'cpu'];
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    this.child = child;
    for (const output of [child.stdout, child.stderr]) {
      output.on('data', (text: Buffer) => (this.log += text));
    }
    await Promise.race([this.healthy(), ended(child).then(() => this.fail('ended at once'))]);
  }

  /** Ends it without asking, as a power cut would. */
  async kill(): Promise<void> {
    if (this.child && this.child.exitCode === null) {
      const end = ended(this.child);
      this.child.kill('SIGKILL');
      await end;
    }
  }

  async discard(): Promise<void> {
    await this.kill();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** The newest of what it printed. */
  said(lines = 20): string {
    return this.log.trimEnd().split('\n').slice(-lines).join('\n');
  }

  private async healthy(): Promise<void> {
    const deadline = Date.now() + 60_000;
    while (Date.now() < deadline) {
      const answer = await fetch(`${this.url}/healthz`).catch(() => undefined);
      if (answer?.ok) return;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    this.fail('does not answer');
  }

  private fail(what: string): never {
    throw new Error(`${program} ${what}. It said:\n${this.log}`);
  }
}

function ended(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    child.once('exit', () => resolve());
    child.once('error', reject);
  });
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() =>
        typeof address === 'object' && address ? resolve(address.port) : reject(new Error('no port')),
      );
    });
  });
}
