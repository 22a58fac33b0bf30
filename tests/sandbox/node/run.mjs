// Runs one check, or tells the names of all: one line of JSON per check on standard output.
// Reads where the sandbox is as JSON from standard input.
import { readFileSync } from 'node:fs';
import Nylas from 'nylas';
import { checks } from './checks.mjs';

const seat = JSON.parse(readFileSync(0, 'utf8'));
const nylas = new Nylas({ apiKey: seat.apiKey, apiUri: seat.url, timeout: 20 });

async function control(method, path, body) {
  const answer = await fetch(`${seat.url}/sandbox/${path}`, { method, body: JSON.stringify(body) });
  if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
}

for (const [name, check] of Object.entries(checks)) {
  const line = { name, ok: true };
  try {
    await check({ nylas, seat, control, identifier: seat.email });
  } catch (problem) {
    Object.assign(line, { ok: false, problem: String(problem?.stack ?? problem) });
  }
  await control('DELETE', 'faults');
  console.log(JSON.stringify(line));
}
