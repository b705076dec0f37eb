// What goes wrong, and what must come of a unit that meets it. How the model brings it about stands in model.mjs.
// `said` is looked for in the unit's reason; `pressure` in the events: that the run knows why the agent is held back.

const ENDS = '3m';

/** The flags of a run whose agent is to be ended soon, one way or the other. */
const soon = (flag, other) => (patience) => [flag, `${patience}s`, other, ENDS];

export const faults = {
  'rate-limited': { outcome: ['published'], pressure: { claude: 'rate-limit', codex: 'rate-limit', copilot: 'rate-limit' } },
  // It waits as long as it is told, without a word; the others give up and tell batch how long to wait.
  'rate-limited-for-long': { outcome: ['published'], only: ['codex'], pressure: { codex: 'rate-limit' }, flags: soon('--idle-timeout', '--agent-timeout') },
  overloaded: { outcome: ['published'], pressure: { claude: 'overload', copilot: 'overload' } },
  'cut-off': { outcome: ['published'], needsStream: true, pressure: { claude: 'connection', codex: 'connection', copilot: 'connection' } },
  garbled: { outcome: ['published'], needsStream: true, pressure: { claude: 'connection', codex: 'connection', copilot: 'connection' } },
  silent: { outcome: ['failed'], said: /silent for/, flags: soon('--idle-timeout', '--agent-timeout') },
  // Gemini ends such a loop by itself.
  endless: { outcome: ['failed'], said: /not done within|changed nothing/, needsTools: true, flags: soon('--agent-timeout', '--idle-timeout') },
  // The shells of the others have other parents.
  killed: { outcome: ['published'], only: ['claude'], pressure: { claude: 'killed' } },
  outside: { outcome: ['published'], needsTools: true, counted: true, flags: () => ['--scope', 'listed'] },
  // No faults: work that goes beyond the listed files.
  companion: { outcome: ['published'], needsTools: true, changes: ['README.md', 'packages/companion/index.js'] },
  created: { outcome: ['published'], needsTools: true, changes: ['packages/created/index.js', 'packages/created/index.test.js'] },
  renamed: { outcome: ['published'], needsTools: true, changes: ['packages/renamed/index.js', 'packages/renamed/index.ts'], edited: 'packages/renamed/index.ts' },
  // Its tools are called for ever; it tells what it uses while it works.
  runaway: { outcome: ['failed'], said: /limit of 10000 tokens/, needsTools: true, only: ['claude', 'codex', 'opencode'], most: 21000, flags: () => ['--agent-tokens', '10k'] },
  committing: { outcome: ['published'], needsTools: true },
  'left-running': { outcome: ['published'], needsTools: true },
  'nothing-to-do': { outcome: ['no-change'], said: /nothing here is declared with var/ },
  // What it says at its end is a question, and the answer to the feedback is the rest of the work.
  asks: { outcome: ['published'], needsTools: true, only: ['claude', 'codex'], files: 3, changes: ['packages/asks/1.js', 'packages/asks/2.js', 'packages/asks/index.js'] },
  // It says nothing after its last tool.
  'empty-end': { outcome: ['published'], needsTools: true, only: ['claude', 'codex'] },
  // Its own list has an open item at its end. The others offer a model that they do not know no such tool.
  'to-do': { outcome: ['published'], needsTools: true, only: ['claude'], files: 2, changes: ['packages/to-do/1.js', 'packages/to-do/index.js'] },
  // Its provider ends the answer in the middle. The dialects of the others have no such end.
  paused: { outcome: ['published'], needsTools: true, only: ['claude'] },
  'too-long': { outcome: ['failed'], said: /too much for the model's context/ },
  'bad-key': { outcome: ['left-out'], said: /not logged in, or its key is wrong/ },
  'bad-model': { outcome: ['left-out'], said: /model does not exist/ },
};
