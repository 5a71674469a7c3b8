// The files of a class of sixty: answers of every kind, and every kind of file that does not fit.

export const LESSON = 'first-network';
export const QUESTIONS = ['mlp/accuracy', 'mlp/better', 'mlp/loss', 'mlp/moons'];
const OPTIONS = ['The linear one', 'The non-linear one'];
const CPU = { asked: 'cpu', kind: 'cpu', name: 'Flex, 128-bit SIMD, one thread', fallback: null };
const start = Date.UTC(2026, 10, 30, 9, 0, 0);
const time = (ms) => new Date(start + ms).toISOString();

const keys = { steps: 40, ask_guess: 'number' };
export const lesson = {
  schema: 'nn-lab/lesson', schema_version: 1, id: LESSON, title: 'A first network', text: 'Predict first.',
  items: [
    { id: 'accuracy', panel: 'mlp', keys: { ...keys, ask: 'How accurate will the linear network be?', ask_metric: 'accuracy_linear', ask_answer: 'measured', ask_tolerance: '0.05' } },
    { id: 'better', panel: 'mlp', keys: { ...keys, ask: 'Which network is better?', ask_guess: 'choice', ask_options: OPTIONS.join('|'), ask_metric: 'accuracy_linear,accuracy_activated', ask_answer: 'largest' } },
    { id: 'loss', panel: 'mlp', keys: { ...keys, ask: 'Draw the loss of the non-linear network.', ask_guess: 'curve', ask_metric: 'loss_activated', ask_range: '0,1', ask_answer: 'measured' } },
    { id: 'moons', panel: 'mlp', keys: { experiment: 'moons' } },
  ],
};

/** Returns an attempt. `run` has the numbers that were measured. */
function attempt(n, question, guess, measured, more = {}) {
  const at = n * 60_000 + question * 7_000 + n * 13;
  const { settings = { steps: 40, seed: 1 }, version = '0.2.0', later = 0, curve = null, verdict = { result: 'open', score: null } } = more;
  return {
    id: `a${n}q${question}${later}`, time: time(at + later), guess,
    outcome: measured && {
      time: time(at + later + 4_321), measured, curve, words: ['The network was trained.'], verdict: { off: null, seeds: 1, right: null, ...verdict },
      settings, seed: settings.seed ?? 1, seeds: 1, device: CPU, lab_version: version,
    },
  };
}

const answered = (question, attempts, asked) => ({
  id: QUESTIONS[question], section: 'mlp', kind: question === 3 ? 'experiment' : 'question', question: asked ?? lesson.items[question].keys.ask ?? 'What test accuracy does the linear network reach on the two moons?', attempts,
});

/** Returns the answers of student `n`, who measured `run`. */
export function sheet(n, run, { student = `Student ${String(n).padStart(2, '0')}`, guess = 0.5 + (n % 20) / 100, measured = run, lessonId = LESSON, more = {}, ids = n } = {}) {
  const { accuracy_linear, accuracy_activated, loss_activated } = measured;
  // A made-up curve, between the steps of a run.
  const curve = [[0.5, 0.7], [20.5, 0.5], [40.5, loss_activated]];
  const drawn = [[0, 0.6 + (n % 7) / 100], [0.5, 0.5], [1, 0.2 + (n % 5) / 20]];
  return {
    schema: 'nn-lab/answers', schema_version: 1, lab_version: '0.2.0', lesson: lessonId && { id: lessonId, title: 'A first network' }, student, saved: time(0),
    answers: [
      answered(0, [
        attempt(ids, 0, { number: guess }, { accuracy_linear }, more),
        ...(n % 4 === 0 ? [attempt(ids, 0, { number: 0.6 }, { accuracy_linear }, { ...more, later: 9_000 })] : []),
      ]),
      answered(1, [attempt(ids, 1, { choice: OPTIONS[n % 3 === 0 ? 0 : 1] }, { accuracy_linear, accuracy_activated }, more)]),
      answered(2, [attempt(ids, 2, { curve: drawn }, { loss_activated }, { ...more, curve })]),
    ],
  };
}

const file = (name, content) => ({ name, mimeType: 'application/json', buffer: Buffer.from(typeof content === 'string' ? content : JSON.stringify(content)) });

/** Returns the file of the lesson. */
export const lessonFile = () => file('lesson.json', lesson);

/** Returns sixty files with answers, most of them as they should be. */
export function sixty(run) {
  const files = [];
  const add = (name, content) => files.push(file(name, content));
  for (let n = 1; n <= 48; n++) add(`nn-lab-answers-first-network-student-${n}.json`, sheet(n, run));
  const wrong = { ...run, accuracy_linear: 0.123 };
  add('wrong-one.json', sheet(49, run, { student: 'Wrong One', measured: wrong }));
  add('wrong-two.json', sheet(50, run, { student: 'Wrong Two', measured: wrong }));
  add('copy.json', sheet(3, run, { student: 'Copied From Three' }));
  add('far.json', sheet(52, run, { student: 'Far Away', guess: 40 }));
  add('same-1.json', sheet(53, run, { student: 'Ada Lovelace' }));
  add('same-2.json', sheet(54, run, { student: 'ada  lovelace' }));
  add('no-name.json', sheet(55, run, { student: null }));
  add('other-settings.json', sheet(56, run, { student: 'Other Settings', more: { settings: { steps: 40, seed: 1, depth: 2 } } }));
  add('older-version.json', sheet(57, run, { student: 'Older Version', more: { version: '0.1.0' } }));
  add('cannot.json', sheet(58, run, { student: 'Cannot Run', more: { settings: { steps: 40, seed: 1, magic: 3 } } }));
  add('formula.json', sheet(59, run, { student: '=HYPERLINK("x")' }));
  const open = sheet(60, run, { student: 'Not Yet' });
  open.answers = [answered(0, [attempt(60, 0, { number: 0.55 }, null)])];
  add('not-yet.json', open);
  return files;
}

/** Returns files that are no answers of this class, each with what the page says about it. */
export function misfits(run) {
  const text = JSON.stringify(sheet(70, run));
  return [
    [file('newer.json', text.replace('"schema_version":1', '"schema_version":9')), /newer version of the lab/],
    [file('bent.json', text.slice(0, 900)), /not JSON/],
    [file('empty.json', ''), /empty/],
    [file('foreign.json', { schema: 'somebody/else', schema_version: 1 }), /its schema is "somebody\/else"/],
    [file('list.json', '[1, 2, 3]'), /its schema is missing/],
    [file('huge.json', ' '.repeat(17_000_000)), /17\.0 MB/],
    [file('photo.json', '\u0000\u0001\u0002'), /not JSON/],
    [file('no-answers.json', { ...sheet(71, run), answers: [] }), /no answers/],
    [file('twice.json', { ...sheet(72, run), answers: [sheet(72, run).answers[0], sheet(72, run).answers[0]] }), /twice/],
  ];
}

/** Returns a file of the older format for finished experiments. */
export const olderFile = (run) => file('experiments.json', {
  schema: 'nn-lab/experiments', schema_version: 1,
  experiments: [{
    section: 'mlp', experiment: 'moons', question: 'What test accuracy does the linear network reach on the two moons?', prediction: 0.8,
    answers: [{ seed: 1, words: 'It reaches 88%.', numbers: { accuracy_linear: run.accuracy_linear } }], config: { dataset: 'moons', steps: 600, seed: 1 }, device: CPU, finished: time(5), lab_version: '0.2.0',
  }],
});

/** Returns a file of another lesson. */
export const otherLesson = (run) => file('other-lesson.json', sheet(80, run, { student: 'Elsewhere', lessonId: 'another-lesson' }));

/** Returns sixty files of one default run each, for measuring. */
export function defaults(run, count = 60) {
  const more = { settings: { seed: 1 } };
  return Array.from({ length: count }, (_, n) => file(`default-${n}.json`, sheet(n, run, { more })));
}
