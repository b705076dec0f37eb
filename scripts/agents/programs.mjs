// The coding agents' own programs: how each is installed, told of the scripted model, and asked for its version. Knows
// nothing of what they are tried with.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';

/**
 * For each agent: what to install, and how it is told of the model at `url`. `patience` is within how many seconds it
 * says something even where the machine is busy; `atOnce` how many of it the machine bears; `breaks` how many broken streams
 * it takes until the program gives up, or as many as it mends by itself where that takes it minutes.
 */
export const agents = {
  claude: {
    npm: '@anthropic-ai/claude-code@2.1.197',
    env: (url) => ({ ANTHROPIC_BASE_URL: url, ANTHROPIC_API_KEY: 'k' }),
    patience: 15,
    atOnce: 3,
    breaks: 4,
  },
  codex: {
    npm: '@openai/codex@0.169.0',
    model: 'scripted',
    env: () => ({ OPENAI_API_KEY: 'k' }),
    args: (url) => ['model_provider="scripted"', 'model_providers.scripted.name="scripted"', `model_providers.scripted.base_url="${url}/v1"`,
      'model_providers.scripted.env_key="OPENAI_API_KEY"', 'model_providers.scripted.wire_api="responses"'].flatMap((setting) => ['-c', setting]),
    patience: 15,
    atOnce: 3,
    breaks: 4,
  },
  gemini: {
    npm: '@google/gemini-cli@0.61.0',
    model: 'gemini-2.5-pro',
    env: (url) => ({ GEMINI_API_KEY: 'k', GOOGLE_GEMINI_BASE_URL: url }),
    patience: 60,
    atOnce: 2,
    breaks: 2,
  },
  opencode: {
    npm: 'opencode-ai@1.18.33',
    model: 'scripted/m',
    env: (url) => ({
      OPENAI_API_KEY: 'k',
      OPENCODE_DISABLE_MODELS_FETCH: '1',
      OPENCODE_CONFIG_CONTENT: JSON.stringify({ provider: { scripted: {
        npm: '@ai-sdk/openai-compatible',
        options: { baseURL: `${url}/v1`, apiKey: '{env:OPENAI_API_KEY}' },
        models: { m: { name: 'm', cost: { input: 1, output: 10 }, limit: { context: 100000, output: 10000 } } },
      } } }),
    }),
    patience: 60,
    atOnce: 2,
    breaks: 2,
  },
  aider: {
    pip: 'aider-chat==0.86.2',
    model: 'openai/scripted',
    env: (url) => ({ OPENAI_API_KEY: 'k', OPENAI_API_BASE: `${url}/v1` }),
    args: () => ['--edit-format', 'diff'],
    patience: 60,
    atOnce: 2,
    breaks: 2,
    hasTools: false,
    streams: false,
  },
  copilot: {
    npm: '@github/copilot@1.0.102',
    env: (url) => ({
      COPILOT_OFFLINE: 'true',
      COPILOT_MODEL: 'scripted',
      COPILOT_PROVIDER_BASE_URL: `${url}/v1`,
      // It blackens its key wherever it says anything.
      COPILOT_PROVIDER_API_KEY: 'key-of-the-scripted-model',
    }),
    patience: 25,
    atOnce: 3,
    breaks: 7,
  },
};

/** Installs the agent's program below `folder` unless it is there; gives the folder that goes onto PATH. */
export function install(name, folder) {
  const { npm, pip } = agents[name];
  const home = path.join(folder, name);
  const done = path.join(home, '.installed');
  const wanted = npm ?? pip;
  const bin = npm ? path.join(home, 'node_modules', '.bin') : path.join(home, 'venv', 'bin');
  if (fs.existsSync(done) && fs.readFileSync(done, 'utf8') === wanted) return bin;
  fs.rmSync(home, { recursive: true, force: true });
  fs.mkdirSync(home, { recursive: true });
  const run = (program, ...args) => execFileSync(program, args, { cwd: home, stdio: ['ignore', 'inherit', 'inherit'] });
  if (npm) {
    fs.writeFileSync(path.join(home, 'package.json'), '{"private":true}');
    run('npm', 'install', '--no-audit', '--no-fund', '--loglevel=error', npm);
  } else {
    run('python3', '-m', 'venv', path.join(home, 'venv'));
    run(path.join(bin, 'pip'), 'install', '--quiet', '--disable-pip-version-check', pip);
  }
  fs.writeFileSync(done, wanted);
  return bin;
}

/** What the program says that its version is. */
export function version(name, bin, home) {
  const env = { ...process.env, HOME: home };
  const said = execFileSync(path.join(bin, name), ['--version'], { encoding: 'utf8', env });
  return said.match(/\d+\.\d+\.\d+/)?.[0] ?? said.trim();
}
