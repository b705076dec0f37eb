// A scripted language model on the loopback interface, for trying real coding agents without any real model.
// It speaks Anthropic Messages, OpenAI Responses, OpenAI Chat Completions and Gemini, all streaming. It reads the task
// that batch gives (the list of files under "Your files") and answers with calls of the agent's own tools that replace
// `var` by `let` in those files, then with a sentence. The name of the folder that the files lie in tells what goes
// wrong, if anything does: see `misbehave` and `script`.
import { createServer } from 'node:http';

const USAGE = { fresh: 1000, cached: 400, output: 30 };

// ── what is asked ──────────────────────────────────────────────────────────────────────────────────────────────────

const dialects = [
  [/\/v1\/messages$/, 'anthropic'],
  [/\/responses$/, 'responses'],
  [/\/chat\/completions$/, 'chat'],
  [/:streamGenerateContent$/, 'gemini'],
  [/:generateContent$/, 'gemini'],
];

/** The conversation as a list of { role, text, results }, whatever the dialect. */
function conversation(dialect, body) {
  const list = (value) => (Array.isArray(value) ? value : value ? [value] : []);
  const text = (parts) => list(parts).map((part) => (typeof part === 'string' ? part : (part.text ?? ''))).join('\n');
  if (dialect === 'gemini') {
    return list(body.contents).map(({ role, parts }) => ({
      role,
      text: text(parts),
      results: parts.filter((part) => part.functionResponse).length,
    }));
  }
  if (dialect === 'responses') {
    return list(body.input).map((item) => ({
      role: item.role ?? item.type,
      text: text(item.content),
      results: /_call_output$/.test(item.type) ? 1 : 0,
    }));
  }
  return list(body.messages).map(({ role, content }) => ({
    role,
    text: text(content),
    results: role === 'tool' ? 1 : list(content).filter((part) => part.type === 'tool_result').length,
  }));
}

/** Names of the tools on offer, each with the names of its parameters. */
function toolsOf(dialect, body) {
  const offered = dialect === 'gemini'
    ? (body.tools ?? []).flatMap((tool) => tool.functionDeclarations ?? [])
    : (body.tools ?? []).map((tool) => tool.function ?? tool);
  const of = (tool) => (tool.input_schema ?? tool.parameters ?? tool.parametersJsonSchema)?.properties ?? {};
  return new Map(offered.map((tool) => [tool.name, of(tool)]));
}

/** What stands before the conversation, which a provider's cache serves to all who begin alike: the paths are each unit's own. */
function head(body) {
  const system = (body.messages ?? []).filter(({ role }) => role === 'system' || role === 'developer');
  const parts = [body.system, body.systemInstruction, body.instructions, system, body.tools];
  return JSON.stringify(parts).replaceAll(/\/[^\s"'`\\]*(repo\.batch|\.git\/batch|\/batch-[0-9a-f]{12})[^\s"'`\\]*/g, 'UNIT');
}

function understand(dialect, body) {
  const turns = conversation(dialect, body);
  const all = turns.map((turn) => turn.text).join('\n');
  const part = all.split('## Your files').pop() ?? '';
  const files = [...part.split('\n## ')[0].matchAll(/^- (\S+\.\S+)/gm)].map((match) => match[1]);
  const asked = turns.findLastIndex((turn) => turn.role === 'user' && !turn.results && !/^\s*<system-reminder>/.test(turn.text));
  return {
    tools: toolsOf(dialect, body),
    files,
    // Several units may meet the same: `alike-1`, `alike-2`.
    scenario: files[0]?.split('/').at(-2).replace(/-\d+$/, '') ?? 'none',
    // A further turn of the same session: something was to be mended.
    isFollowUp: turns.slice(0, asked).some((turn) => turn.results > 0),
    // What all units are told alike.
    common: all.includes('# Your part') ? all.split('# One part of a larger change').pop().split('# Your part')[0] : '',
    step: turns.slice(asked + 1).reduce((sum, turn) => sum + turn.results, 0),
    // aider has no tools: it takes blocks of text.
    wantsBlocks: /SEARCH/.test(JSON.stringify(body.messages ?? '')) && !body.tools,
    all,
  };
}

// ── what is answered ───────────────────────────────────────────────────────────────────────────────────────────────

/** A call of the shell tool, by whatever name and parameters it has. */
function shell(tools, line) {
  for (const name of ['Bash', 'bash', 'run_shell_command', 'exec_command', 'shell', 'shell_command', 'local_shell']) {
    const parameters = tools.get(name);
    if (!parameters) continue;
    if (parameters.cmd) return { name, input: { cmd: line } };
    const isList = parameters.command?.type === 'array';
    const input = { command: isList ? ['bash', '-c', line] : line };
    if (parameters.description) input.description = 'work';
    return { name, input };
  }
  return undefined;
}

function edit({ tools, files, wantsBlocks, all }) {
  if (wantsBlocks) {
    const blocks = files.map((file) => {
      const line = all.match(/^var \w+ = .*$/m)?.[0] ?? 'var x = 0;';
      return `${file}\n\`\`\`\n<<<<<<< SEARCH\n${line}\n=======\n${line.replace('var', 'let')}\n>>>>>>> REPLACE\n\`\`\`\n`;
    });
    return { text: `${blocks.join('\n')}\nReplaced var by let.` };
  }
  const call = shell(tools, `sed -i 's/^var /let /' ${files.join(' ')}`);
  return call ? { call } : { text: 'I have no shell.' };
}

const done = { text: 'Replaced var by let. Nothing else had to change.' };

const finished = { text: 'Replaced var by let in all files.\n\ndone' };

/** A call that writes the agent's own list, with an item that is open. */
function list(tools) {
  const items = [['Do the first file', 'completed'], ['Do the second file', 'pending']];
  if (tools.has('TodoWrite')) {
    return { name: 'TodoWrite', input: { todos: items.map(([content, status]) => ({ content, status, activeForm: content })) } };
  }
  if (tools.has('TaskCreate')) return { name: 'TaskCreate', input: { subject: items[1][0], description: items[1][0] } };
  if (tools.has('update_plan')) return { name: 'update_plan', input: { plan: items.map(([step, status]) => ({ step, status })) } };
  return undefined;
}

/** A call that reads or writes a file, by whatever tool does that: the shell where there is no other. */
function file(tools, names, values, line) {
  const name = names.find((known) => tools.has(known));
  if (!name) return shell(tools, line);
  const parameters = Object.keys(tools.get(name));
  const input = { [parameters.find((parameter) => /path/i.test(parameter)) ?? 'file_path']: values.path };
  if (values.content) input[parameters.find((parameter) => /content|text/i.test(parameter)) ?? 'content'] = values.content;
  return { name, input };
}

/** What a plan is asked for: it reads, tries to write, answers in prose, and only when it is told so by the schema. */
function plan({ tools, step, all }) {
  const isTold = all.includes('Your answer cannot be used');
  const calls = isTold ? [] : [
    file(tools, ['Read', 'read_file', 'read', 'view'], { path: 'README.md' }, 'cat README.md'),
    file(tools, ['Write', 'write_file', 'write', 'create'], { path: 'BROKEN.md', content: 'broken' }, 'echo broken > BROKEN.md'),
  ].filter(Boolean);
  if (step < calls.length) return { call: calls[step] };
  if (!isTold) return { text: 'I would cut it in {two}.' };
  const files = [...new Set([...all.matchAll(/^- (packages\/\S+) \(/gm)].map((match) => match[1]))];
  const proposal = {
    units: [{ title: 'The first', files: files.slice(0, 2) }, { title: 'All others', files: [...files.slice(2), 'gone.js'], needs: ['The first'] }],
    conventions: ['Say let.'],
  };
  return { text: `Here it is:\n\n\`\`\`json\n${JSON.stringify(proposal, null, 1)}\n\`\`\`\n` };
}

/** The next answer: text, or a call of a tool. */
function script(task) {
  if (task.all.includes('# A plan for a larger change')) return plan(task);
  const { scenario, step, tools, isFollowUp } = task;
  if (!task.files.length) return { text: 'A title' };
  const first = (line) => (step === 0 ? { call: shell(tools, line) } : done);
  switch (scenario) {
    case 'nothing-to-do':
      return { text: 'none — nothing here is declared with var' };
    case 'outside':
      // It mends that when it is told so, in the same session.
      if (isFollowUp) return first('echo Packages. > README.md');
      return step === 0 ? edit(task) : step === 1 ? { call: shell(tools, 'echo more >> README.md') } : done;
    case 'companion':
      return step === 0 ? edit(task) : step === 1 ? { call: shell(tools, 'echo more >> README.md') } : done;
    case 'created':
      return step === 0 ? edit(task) : step === 1 ? { call: shell(tools, 'echo test > packages/created/index.test.js') } : done;
    case 'renamed':
      return step === 0 ? edit(task) : step === 1 ? { call: shell(tools, 'mv packages/renamed/index.js packages/renamed/index.ts') } : done;
    case 'endless':
    case 'runaway':
      return { call: shell(tools, 'true') };
    case 'left-running':
      return step === 0 ? { call: shell(tools, 'setsid sleep 7411 >/dev/null 2>&1 & echo started') } : step === 1 ? edit(task) : done;
    case 'killed': {
      // Once only: the program begins anew, in a temporary folder that it has seen before.
      const call = shell(tools, 'test -e "$TMPDIR/seen" || { touch "$TMPDIR/seen"; kill -9 $PPID; }');
      return step === 0 ? { call } : step === 1 ? edit(task) : done;
    }
    case 'asks':
      if (isFollowUp) return step === 0 ? edit(task) : finished;
      return step === 0 ? edit({ ...task, files: task.files.slice(0, 1) }) : { text: 'One file is done. Should I continue with the others?' };
    case 'empty-end':
      if (task.all.includes('You ended without an answer')) return finished;
      return step === 0 ? edit(task) : { text: '' };
    case 'to-do': {
      if (isFollowUp) return step === 0 ? edit(task) : finished;
      const call = list(tools);
      if (step === 0 && call) return { call };
      return step === (call ? 1 : 0) ? edit({ ...task, files: task.files.slice(0, 1) }) : { text: 'Replaced var by let in one file.' };
    }
    case 'paused':
      // The provider ends the answer in the middle, and the program or batch goes on.
      if (step > 0 && !task.all.includes('You ended without an answer')) return { text: 'I will look once more.', stop: 'pause_turn' };
      return step === 0 && !isFollowUp ? edit(task) : finished;
    case 'context-full':
      // One file at a time: see `misbehave`.
      return step === 0 ? edit({ ...task, files: task.files.slice(0, 1) }) : finished;
    case 'pilot':
    case 'alike': {
      // It does what the check wants when it is told of it, or has an example.
      const knows = isFollowUp || /^\+\/\/ mended/m.test(task.all);
      const line = `sed -i 's/^var /let /' ${task.files.join(' ')}`;
      const mended = `${line}; echo '// mended' | tee -a ${task.files.join(' ')}`;
      return first(knows ? mended : line);
    }
    case 'committing':
      return step === 0 ? edit(task) : step === 1 ? { call: shell(tools, 'git commit -am mine') } : done;
    default:
      return step === 0 ? edit(task) : done;
  }
}

/** Answers with a fault, where the scenario asks for one at this request. */
function misbehave({ scenario, files, step }, count, dialect, response) {
  const refuse = (status, type, message, headers = {}) => {
    const error = { type, message, code: status, status: type };
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(JSON.stringify(dialect === 'anthropic' ? { type: 'error', error } : { error }));
    return true;
  };
  switch (scenario) {
    case 'rate-limited':
      return count <= 2 && refuse(429, 'rate_limit_error', 'Too many requests', { 'retry-after': '1' });
    case 'rate-limited-for-long':
      return count <= 1 && refuse(429, 'rate_limit_error', 'Too many requests', { 'retry-after': '3600' });
    case 'overloaded':
      return count <= 2 && refuse(dialect === 'anthropic' ? 529 : 503, 'overloaded_error', 'Overloaded');
    case 'bad-key':
      return refuse(401, 'authentication_error', 'invalid api key');
    case 'bad-model':
      return refuse(404, 'not_found_error', 'The model does not exist');
    case 'too-long':
      return refuse(400, 'invalid_request_error', 'prompt is too long: 300000 tokens > 200000 maximum');
    case 'context-full':
      // More than one file is too much for the model.
      return files.length > 1 && step > 0 && refuse(400, 'invalid_request_error', 'prompt is too long: 300000 tokens > 200000 maximum');
    case 'silent':
      return true;
    default:
      return false;
  }
}

// ── how it is answered ─────────────────────────────────────────────────────────────────────────────────────────────

const id = () => Math.random().toString(36).slice(2, 12);

/** The answer as server-sent events: [name, data] pairs. */
function events(dialect, { text, call, stop = 'end_turn' }) {
  const { fresh, cached, output } = USAGE;
  const argument = call && JSON.stringify(call.input);
  if (dialect === 'anthropic') {
    const usage = { input_tokens: fresh, cache_read_input_tokens: cached, cache_creation_input_tokens: 0 };
    const block = call
      ? { start: { type: 'tool_use', id: `toolu_${id()}`, name: call.name, input: {} }, delta: { type: 'input_json_delta', partial_json: argument } }
      : { start: { type: 'text', text: '' }, delta: { type: 'text_delta', text } };
    return [
      { type: 'message_start', message: { id: `msg_${id()}`, type: 'message', role: 'assistant', model: 'scripted', content: [], stop_reason: null, stop_sequence: null, usage: { ...usage, output_tokens: 1 } } },
      { type: 'content_block_start', index: 0, content_block: block.start },
      { type: 'content_block_delta', index: 0, delta: block.delta },
      { type: 'content_block_stop', index: 0 },
      { type: 'message_delta', delta: { stop_reason: call ? 'tool_use' : stop, stop_sequence: null }, usage: { ...usage, output_tokens: output } },
      { type: 'message_stop' },
    ].map((event) => [event.type, event]);
  }
  if (dialect === 'responses') {
    const item = call
      ? { type: 'function_call', id: `fc_${id()}`, call_id: `call_${id()}`, name: call.name, arguments: argument, status: 'completed' }
      : { type: 'message', id: `msg_${id()}`, role: 'assistant', status: 'completed', content: [{ type: 'output_text', text, annotations: [] }] };
    const response = { id: `resp_${id()}`, object: 'response', created_at: 1, model: 'scripted', output: [item] };
    const usage = { input_tokens: fresh + cached, input_tokens_details: { cached_tokens: cached }, output_tokens: output, output_tokens_details: { reasoning_tokens: 0 }, total_tokens: fresh + cached + output };
    return [
      { type: 'response.created', response: { ...response, status: 'in_progress', output: [] } },
      { type: 'response.output_item.added', output_index: 0, item },
      { type: 'response.output_item.done', output_index: 0, item },
      { type: 'response.completed', response: { ...response, status: 'completed', usage } },
    ].map((event) => [event.type, event]);
  }
  if (dialect === 'chat') {
    const delta = call
      ? { role: 'assistant', content: null, tool_calls: [{ index: 0, id: `call_${id()}`, type: 'function', function: { name: call.name, arguments: argument } }] }
      : { role: 'assistant', content: text };
    const chunk = (choices, usage) => ({ id: 'chat', object: 'chat.completion.chunk', created: 1, model: 'scripted', choices, usage });
    const usage = { prompt_tokens: fresh + cached, completion_tokens: output, total_tokens: fresh + cached + output, prompt_tokens_details: { cached_tokens: cached } };
    return [
      [null, chunk([{ index: 0, delta, finish_reason: null }], null)],
      [null, chunk([{ index: 0, delta: {}, finish_reason: call ? 'tool_calls' : 'stop' }], null)],
      [null, chunk([], usage)],
      [null, '[DONE]'],
    ];
  }
  const part = call ? { functionCall: { name: call.name, args: call.input } } : { text };
  return [[null, {
    candidates: [{ content: { role: 'model', parts: [part] }, finishReason: 'STOP', index: 0 }],
    usageMetadata: { promptTokenCount: fresh + cached, cachedContentTokenCount: cached, candidatesTokenCount: output, totalTokenCount: fresh + cached + output },
    modelVersion: 'scripted',
  }]];
}

/** The same in one piece, for those who do not ask for a stream. */
function whole(dialect, answer) {
  if (dialect === 'gemini') return events(dialect, answer)[0][1];
  const { fresh, cached, output } = USAGE;
  if (dialect === 'chat') {
    return {
      id: 'chat', object: 'chat.completion', created: 1, model: 'scripted',
      choices: [{ index: 0, message: { role: 'assistant', content: answer.text ?? null }, finish_reason: 'stop' }],
      usage: { prompt_tokens: fresh + cached, completion_tokens: output, total_tokens: fresh + cached + output },
    };
  }
  return {
    id: `msg_${id()}`, type: 'message', role: 'assistant', model: 'scripted',
    content: [{ type: 'text', text: answer.text ?? '' }], stop_reason: 'end_turn', stop_sequence: null,
    usage: { input_tokens: fresh, cache_read_input_tokens: cached, output_tokens: output },
  };
}

function send(dialect, answer, fault, isStream, response) {
  if (!isStream) {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(whole(dialect, answer)));
    return;
  }
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  const lines = events(dialect, answer).map(([name, data]) =>
    `${name ? `event: ${name}\n` : ''}data: ${typeof data === 'string' ? data : JSON.stringify(data)}\n\n`);
  if (fault === 'cut-off') {
    response.write(lines[0]);
    setTimeout(() => response.destroy(), 20);
  } else if (fault === 'garbled') {
    response.end(`data: {"broken\n\n`);
  } else {
    response.end(lines.join(''));
  }
}

/**
 * Starts a model whose streams break, or make no sense, for the first so many requests of a unit that meets that; gives
 * its address, what it was asked, and a way to end it.
 */
export function serve(breaks) {
  const seen = new Map(); // how often a unit asked
  const asked = [];
  const ended = new Set(); // units whose first attempt ended, of those that fail alike
  const server = createServer((request, response) => {
    const chunks = [];
    request.on('data', (chunk) => chunks.push(chunk));
    request.on('end', () => {
      const path = new URL(request.url, 'http://localhost').pathname;
      const dialect = dialects.find(([pattern]) => pattern.test(path))?.[1];
      if (!dialect) {
        response.writeHead(404).end('{}');
        return;
      }
      const body = JSON.parse(Buffer.concat(chunks).toString());
      const task = understand(dialect, body);
      const count = (seen.get(task.files[0]) ?? 0) + 1;
      if (task.files.length) seen.set(task.files[0], count);
      asked.push({ dialect, files: task.files, common: task.common, head: head(body) });
      if (misbehave(task, count, dialect, response)) return;
      const isStream = dialect === 'gemini' ? /stream/.test(path) : body.stream === true;
      const fault = count <= breaks ? task.scenario : 'none';
      const answer = () => send(dialect, script(task), fault, isStream, response);
      if (task.scenario === 'alike' && !task.isFollowUp && task.step > 0) ended.add(task.files[0]);
      // The first attempts of three units have failed before one of them goes on.
      const whenAlike = () => (ended.size < 3 ? setTimeout(whenAlike, 100) : setTimeout(answer, 1000));
      // What never ends need not keep the machine busy.
      if (['endless', 'runaway'].includes(task.scenario)) setTimeout(answer, 300);
      else if (task.scenario === 'alike' && task.isFollowUp && task.step === 0) whenAlike();
      else answer();
    });
  });
  return new Promise((ready) => {
    server.listen(0, '127.0.0.1', () => ready({
      address: `http://127.0.0.1:${server.address().port}`,
      asked,
      end: () => { server.closeAllConnections(); server.close(); },
    }));
  });
}
