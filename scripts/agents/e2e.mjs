// The runs of scripts/agents-e2e: `batch migrate` in made-up repositories, with a real agent and a scripted model.
import { execFile, execFileSync, spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { faults } from './faults.mjs';
import { nobody, prepare } from './hostile.mjs';
import { serve } from './model.mjs';
import { agents, install, version } from './programs.mjs';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..', '..');
const target = path.resolve(root, process.env.CARGO_TARGET_DIR ?? 'target');
const programs = path.join(target, 'agents');
const batch = path.join(target, 'debug', 'batch');
const only = process.env.AGENTS_E2E_ONLY?.split(',');

const patient = ['--agent-timeout', '5m', '--idle-timeout', '3m'];
const healthy = ['alpha', 'beta', 'gamma', 'delta', 'epsilon', 'zeta'];
const wrong = [];

function must(holds, what) {
  if (holds) return;
  wrong.push(what);
  console.log(`  ✗ ${what}`);
}

const seconds = (ms) => (ms === null || ms === undefined ? '–' : `${(ms / 1000).toFixed(1)}s`);

/** A repository with a package of so many files for each name, and a remote that is a folder. */
function repository(folder, names, files = 1, more = () => {}) {
  const env = { ...process.env, GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_NOSYSTEM: '1' };
  const git = (...args) => execFileSync('git', args, { cwd: folder, env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
  fs.mkdirSync(folder, { recursive: true });
  git('init', '--quiet', '--initial-branch=main');
  git('config', 'user.name', 'Ada');
  git('config', 'user.email', 'ada@example.org');
  for (const name of names) {
    fs.mkdirSync(path.join(folder, 'packages', name), { recursive: true });
    for (let number = 0; number < files; number += 1) {
      const file = path.join(folder, 'packages', name, number ? `${number}.js` : 'index.js');
      fs.writeFileSync(file, 'var x = 1;\nmodule.exports = x;\n');
    }
  }
  fs.writeFileSync(path.join(folder, 'README.md'), 'Packages.\n');
  more(folder);
  git('add', '--all');
  git('commit', '--quiet', '--message', 'Base');
  git('clone', '--quiet', '--bare', '.', `${folder}.git`);
  git('remote', 'add', 'origin', `${folder}.git`);
  git('fetch', '--quiet');
  git('remote', 'set-head', 'origin', 'main');
  return git;
}

/** The agent's table in batch.toml. */
function table(name, url) {
  const { args, model } = agents[name];
  const quoted = (words) => words.map((word) => `'${word}'`).join(', ');
  return [
    `[agents.${name}]`,
    `kind = "${name}"`,
    model ? `model = "${model}"` : '',
    args ? `args = [${quoted(args(url))}]` : '',
    '',
  ].join('\n');
}

/** A repository, and all that it takes to run batch there with these agents and a scripted model. */
async function stage(chosen, work, names, files, more) {
  const folder = path.join(work, 'repo');
  const git = repository(folder, names, files, more);
  // A home of its own: no login and no settings of whoever runs this.
  const home = path.join(work, 'home');
  fs.mkdirSync(home, { recursive: true });
  const model = await serve(agents[chosen[0]].breaks);
  const settings = path.join(work, 'batch.toml');
  fs.writeFileSync(settings, chosen.map((name) => table(name, model.address)).join('\n'));
  const bins = chosen.map((name) => install(name, programs));
  // As a shell starts it, in a project whose runner is npm: all of these name the user's checkout.
  const here = { PWD: folder, OLDPWD: folder, INIT_CWD: folder, npm_package_json: path.join(folder, 'package.json'), PYTHONPATH: folder };
  const environment = { PATH: [...bins, process.env.PATH].join(':'), HOME: home, LANG: 'C.UTF-8', TERM: 'dumb', ...here };
  // The kind of sandbox that whoever runs this wants to try.
  const { BATCH_SANDBOX } = process.env;
  if (BATCH_SANDBOX) Object.assign(environment, { BATCH_SANDBOX });
  for (const name of chosen) Object.assign(environment, agents[name].env(model.address));
  return { git, model, settings, options: { cwd: folder, env: environment } };
}

/** One run of these agents: gives its report, its events, what the model was asked, and git in its repository. */
async function migrate(chosen, work, names, flags, files, more) {
  const { git, model, settings, options } = await stage(chosen, work, names, files, more);
  try {
    const child = spawn(batch, ['migrate', 'packages/**', 'Declare variables with let instead of var.', '--agents', chosen.join(','),
      '--units', String(names.length), '--yes', '--json', '--planner', 'graph', '--config', settings, ...flags], { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
    let [out, said] = ['', ''];
    child.stdout.on('data', (bytes) => { out += bytes; });
    child.stderr.on('data', (bytes) => { said += bytes; });
    await new Promise((done, fail) => child.on('error', fail).on('close', done));
    const events = out.split('\n').filter(Boolean).map((line) => JSON.parse(line));
    if (!events.length) throw new Error(`batch migrate said: ${said}`);
    const { stdout } = await promisify(execFile)(batch, ['report', '--json'], options);
    git('fetch', '--quiet');
    const touched = git('status', '--porcelain').trim();
    must(!touched, `${chosen}: the user's checkout was changed: ${touched}`);
    return { report: JSON.parse(stdout), events, said, asked: model.asked, git };
  } finally {
    model.end();
  }
}

/** What the unit published must be these changes and nothing else; one of the files has its edit. */
function mustBeItsEdit(what, git, branch, edited, changes = [edited]) {
  const changed = git('diff', '--name-only', '--no-renames', 'main', `origin/${branch}`).trim();
  must(changed === changes.join('\n'), `${what}: published ${changed}`);
  const text = git('show', `origin/${branch}:${edited}`);
  must(text.startsWith('let x = 1;'), `${what}: published ${text}`);
  const authors = git('log', '--format=%an', `main..origin/${branch}`).trim();
  must(authors === 'Ada', `${what}: committed by ${authors.split('\n')}`);
}

/** Six units that nothing happens to. */
async function well(name, work) {
  // Something was changed, and nothing that was changed has the old form.
  const check = 'test -n "$(git diff --name-only HEAD)" && ! git diff --name-only HEAD | xargs grep "^var "';
  const { report, asked, git } = await migrate([name], path.join(work, 'well'), healthy,
    ['--no-pilot', '-j', String(agents[name].atOnce), ...patient, '--check', check]);
  for (const unit of healthy) {
    const found = report.units.find(({ id }) => id.includes(`-${unit}-`));
    const { outcome, branch, reason, usage } = found ?? {};
    must(outcome === 'published', `${name}: unit ${unit} is ${outcome}: ${reason}`);
    if (outcome !== 'published') continue;
    mustBeItsEdit(`${name}, ${unit}`, git, branch, `packages/${unit}/index.js`);
    must(usage?.input_tokens >= 1400 && usage?.output_tokens >= 30, `${name}: unit ${unit} used ${JSON.stringify(usage)}`);
  }
  const told = new Set(asked.map((request) => request.common).filter(Boolean));
  must(told.size === 1, `${name}: units were told ${told.size} different beginnings`);
  const heads = new Set(asked.filter((request) => request.common).map((request) => request.head));
  must(heads.size === 1, `${name}: the system prompts have ${heads.size} forms`);
  const published = report.units.filter((unit) => unit.outcome === 'published').length;
  console.log(`  six units: ${published} published in ${seconds(report.took_ms)}`);
}

/** A plan that the agent is asked for: it proposes one when it is told what was wrong with its answer, and changes nothing. */
async function planned(name, work) {
  const { git, model, settings, options } = await stage([name], path.join(work, 'planned'), healthy);
  const started = Date.now();
  try {
    const { stderr } = await promisify(execFile)(batch, ['plan', 'packages/**', 'Declare variables with let instead of var.',
      '--agent', name, '--planner', 'agent', '--units', '2..5', '--config', settings], options);
    const plan = fs.readFileSync(path.join(options.cwd, 'plan.toml'), 'utf8');
    const titles = [...plan.matchAll(/^title = "(.*)"$/gm)].map((match) => match[1]);
    must(titles.join() === 'The first,All others', `${name}: the plan has the units ${titles}: ${stderr}`);
    must(plan.includes('"Say let."'), `${name}: the plan has no conventions: ${plan}`);
    must(/repaired: gone\.js/.test(stderr), `${name}: nothing was mended: ${stderr}`);
    must(git('worktree', 'list').trim().split('\n').length === 1, `${name}: a worktree was left`);
    const records = path.join(options.cwd, '.git', 'batch', 'research');
    const kept = fs.readdirSync(records).map((id) => path.join(records, id));
    const wrote = kept.flatMap((folder) => fs.readdirSync(folder)).filter((file) => file === 'research.json');
    must(wrote.length === 1, `${name}: what came out was not kept`);
    console.log(`  a plan: proposed, mended in ${seconds(Date.now() - started)}`);
  } finally {
    model.end();
  }
}

/** One unit that meets the fault, in a run of its own: whoever is held back slows down all units of a run. */
async function ill(name, fault, work) {
  const { outcome: expected, said, pressure = {}, flags, counted, most, changes, edited, files } = faults[fault];
  const limits = flags?.(agents[name].patience) ?? patient;
  const { report, events, asked, git } = await migrate([name], path.join(work, fault), [fault], ['--no-checks', ...limits], files);
  const { outcome, reason, branch, took_ms: took, usage } = report.units[0];
  const told = events.filter((event) => event.fact === 'held-back' || event.pressure).map((event) => event.pressure);
  const line = [...new Set(told), ...(reason ?? '').split('\n').slice(0, 2)].join(' ');
  console.log(`  ${fault.padEnd(14)} ${String(outcome).padEnd(10)} ${seconds(took).padStart(6)}  ${line}`);
  const what = `${name}, ${fault}`;
  must(expected.includes(outcome), `${what}: ${outcome}, not ${expected.join(' or ')}: ${reason}`);
  if (said) must(said.test(reason ?? ''), `${what}: the reason is ${reason}`);
  if (pressure[name]) must(told.includes(pressure[name]), `${what}: the run was not told of ${pressure[name]}`);
  if (outcome === 'published') mustBeItsEdit(what, git, branch, edited ?? `packages/${fault}/index.js`, changes);
  // Every answer counts once, also in a further attempt.
  if (counted) must(usage.input_tokens === 1400 * asked.length, `${what}: ${usage.input_tokens} tokens of ${asked.length} answers`);
  if (most) must(usage.input_tokens <= most, `${what}: ${usage.input_tokens} tokens`);
}

/** Units whose first attempts fail alike: one goes first or on as pilot, and the others follow its example. */
async function followed(name, work, kind) {
  const names = [1, 2, 3, 4, 5, 6].map((number) => `${kind}-${number}`);
  const changed = 'git diff --name-only HEAD';
  const check = `test -z "$(${changed} | xargs -r grep -L '^// mended')" || { echo 'FAIL: not the right form'; exit 1; }`;
  const flags = kind === 'alike' ? ['--no-pilot', '--no-governor', '-j', '3'] : ['-j', '3'];
  const { report, events } = await migrate([name], path.join(work, kind), names, [...flags, ...patient, '--check', check]);
  const published = report.units.filter((unit) => unit.outcome === 'published').length;
  const starts = report.units.map((unit) => unit.attempts);
  const chosen = events.filter((event) => event.fact === 'pilot-chosen' && event.said);
  console.log(`  ${kind.padEnd(14)} ${published} of ${names.length} published, attempts ${starts.join(' ')}`);
  must(published === names.length, `${name}, ${kind}: ${published} published`);
  if (kind === 'alike') must(chosen.length === 1, `${name}, ${kind}: ${chosen.length} units went on as pilots`);
  // Those that start after the pilot has passed do it right at once.
  const repeated = starts.filter((attempts) => attempts > 1).length;
  must(repeated === (kind === 'alike' ? 3 : 1), `${name}, ${kind}: ${repeated} units were sent back`);
}

/** A unit whose context is full when one of its two files is done: that one is published, and the other goes on by itself. */
async function divided(name, work) {
  const { report, git } = await migrate([name], path.join(work, 'context-full'), ['context-full'], ['--no-checks', ...patient], 2);
  const line = report.units.map(({ id, outcome, reason }) => [id, outcome, reason].filter(Boolean).join(' ')).join(', ');
  console.log(`  context-full   ${line}`);
  must(report.units.length === 2, `${name}, context-full: ${report.units.length} units`);
  const changed = report.units.map(({ branch }) => branch && git('diff', '--name-only', 'main', `origin/${branch}`).trim());
  must(changed.join() === 'packages/context-full/1.js,packages/context-full/index.js', `${name}, context-full: published ${changed}`);
}

/** A repository that would have the agent start programs and send its key elsewhere: it does so only once that is approved. */
async function hostile(name, work) {
  const folder = path.join(work, 'hostile');
  const mark = path.join(folder, 'mark');
  const evil = await nobody();
  const run = (place, flags) => migrate([name], path.join(folder, place), ['alpha'],
    ['--no-checks', '--agent-timeout', '3m', '--idle-timeout', '2m', ...flags], 1, (repo) => prepare(name, repo, mark, evil.address));
  try {
    const { report, said, git } = await run('unapproved', []);
    const [{ outcome, reason, branch }] = report.units;
    must(outcome === 'published', `${name}, hostile: ${outcome}: ${reason}`);
    if (outcome === 'published') mustBeItsEdit(`${name}, hostile`, git, branch, 'packages/alpha/index.js');
    must(!fs.existsSync(mark), `${name}, hostile: a program of the repository ran`);
    must(!evil.asked.length, `${name}, hostile: the repository's address was asked: ${evil.asked}`);
    const hash = said.match(/--approve ([0-9a-f]{32})/)?.[1];
    must(hash, `${name}, hostile: nothing was told of what is left aside: ${said}`);
    if (!hash) return;
    await run('approved', ['--approve', hash]).catch(() => {});
    const worked = fs.existsSync(mark) || evil.asked.length > 0;
    console.log(`  hostile: ${outcome}; once approved, ${worked ? 'the settings are obeyed' : 'nothing happened either'}`);
  } finally {
    evil.end();
  }
}

/** Six units that agents share, one unit each in turn. */
async function together(chosen, work) {
  const { report, asked } = await migrate(chosen, work, healthy, ['--no-pilot', '-j', '2', '--no-checks', ...patient]);
  const published = report.units.filter((unit) => unit.outcome === 'published');
  must(published.length === healthy.length, `${chosen}: ${published.length} units published`);
  for (const [place, { id, agent }] of report.units.entries()) {
    must(agent.startsWith(chosen[place % chosen.length]), `${chosen}: unit ${id} was done by ${agent}`);
  }
  const dialects = new Set(asked.filter((request) => request.files.length).map((request) => request.dialect));
  console.log(`${chosen.join(' and ')} share six units: ${published.length} published in ${seconds(report.took_ms)} (${[...dialects].join(', ')})`);
}

/** Whether a process was started with this command line. */
function running(line) {
  return fs.readdirSync('/proc').filter((entry) => /^\d+$/.test(entry)).some((pid) => {
    try {
      return fs.readFileSync(`/proc/${pid}/cmdline`, 'utf8').startsWith(line);
    } catch {
      return false;
    }
  });
}

/** Does the jobs, so many at once. */
async function each(jobs, atOnce, work) {
  const left = [...jobs];
  await Promise.all(Array.from({ length: atOnce }, async () => {
    for (let job = left.shift(); job !== undefined; job = left.shift()) await work(job);
  }));
}

async function all(name, work) {
  const { atOnce, hasTools = true, streams = true } = agents[name];
  const started = Date.now();
  const bin = install(name, programs);
  fs.mkdirSync(work);
  console.log(`${name} (${version(name, bin, work)}), installed after ${seconds(Date.now() - started)}`);
  const chosen = (run) => !only || only.includes(run);
  if (chosen('planned')) await planned(name, work);
  if (chosen('hostile')) await hostile(name, work);
  if (chosen('well')) await well(name, work);
  const concerns = ({ needsTools, needsStream, only: of }) =>
    (hasTools || !needsTools) && (streams || !needsStream) && (!of || of.includes(name));
  const met = Object.keys(faults).filter((fault) => chosen(fault) && concerns(faults[fault]));
  // The longest ones first.
  met.sort((a, b) => Boolean(faults[b].flags) - Boolean(faults[a].flags));
  await each(met, atOnce, (fault) => ill(name, fault, work));
  if (['claude', 'codex'].includes(name)) {
    if (chosen('context-full')) await divided(name, work);
    for (const kind of ['pilot', 'alike']) if (chosen(kind)) await followed(name, work, kind);
  }
  must(!running('sleep\u00007411'), `${name}: what a tool started in a session of its own still runs`);
  console.log(`  ${name} took ${seconds(Date.now() - started)} in all`);
}

async function main(names) {
  const unknown = names.find((name) => !agents[name]);
  if (unknown) {
    console.error(`agents-e2e: there is no agent '${unknown}': choose of ${Object.keys(agents).join(', ')}`);
    return 2;
  }
  // As the tests build it: their dependencies have more features, so another way of building would build all of them again.
  const build = ['test', '--locked', '--quiet', '--no-run', '--test', 'it'];
  execFileSync('cargo', build, { cwd: root, stdio: 'inherit' });
  // Not below the system's temporary folder, which agents that confine themselves may write to.
  fs.mkdirSync(programs, { recursive: true });
  const work = fs.mkdtempSync(path.join(programs, 'work-'));
  try {
    for (const name of names) await all(name, path.join(work, name));
    if (names.length > 1 && (!only || only.includes('together'))) await together(names, path.join(work, 'together'));
  } catch (error) {
    must(false, error.message);
  }
  if (wrong.length) {
    console.log(`${wrong.length} wrong; what was left is in ${work}`);
    return 1;
  }
  fs.rmSync(work, { recursive: true, force: true });
  return 0;
}

const asked = process.argv.slice(2);
process.exitCode = await main(asked.length ? asked : ['claude', 'codex']);
