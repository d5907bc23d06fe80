// Sentences out of the page's words (words.py, STAGE) and a job's state.

const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
const plural = new Intl.PluralRules("en");
const ordinal = new Intl.PluralRules("en", { type: "ordinal" });
const joined = (...parts) => parts.filter(Boolean).join(" · ");

const place = (words, n) =>
  n ? fill(words.in_line, { place: fill(words.ordinals[ordinal.select(n + 1)], { n: n + 1 }) }) : words.next;

function time(words, seconds, kind) {
  if (seconds == null || seconds < 0.5) return "";
  return seconds < 90
    ? fill(words[kind.seconds], { n: Math.ceil(seconds) })
    : fill(words[kind.minutes], { n: Math.round(seconds / 60) });
}
const LEFT = { seconds: "seconds", minutes: "minutes" };
const WAIT = { seconds: "wait_seconds", minutes: "wait_minutes" };

const expected = (state) => state.stages.reduce((sum, stage) => sum + stage.expected, 0);

// What there is, by its name where it is all of one kind.
function counted(words, results) {
  const kinds = [...new Set(results.map((result) => result.kind))];
  const names = words.counts[kinds.length > 1 ? "mixed" : (kinds[0] ?? "image")] ?? words.counts.mixed;
  return fill(results.length === 1 ? names.one : names.other, { n: results.length });
}

function kept(words, state) {
  const n = state.results.length;
  const all = Math.max(n, expected(state));
  if (!n) return words.kept_none;
  return state.stages.every((stage) => stage.kind === "image")
    ? fill(n === 1 ? words.kept_one : words.kept_other, { n, all })
    : fill(n === 1 ? words.kept_results_one : words.kept_results_other, { n, all });
}

// What stands under the picture.
function status(words, model) {
  const { state, down, server, stopping } = model;
  if (!state) return words.starting;
  if (!state.over && down) return words.line_down;
  if (!state.over && stopping) return words.stopping;
  if (state.line === "broken" && !state.over) return fill(words.server_down, { server });
  const seed = state.seed == null || state.seed === "" ? "" : fill(words.seed, { seed: state.seed });
  switch (state.state) {
    case "queued":
    case "submitted":
      return state.place == null
        ? words.starting
        : joined(place(words, state.place), time(words, state.seconds_left, WAIT));
    case "running":
      return joined(
        state.node || words.starting,
        state.steps > 1 && fill(words.step, state),
        time(words, state.seconds_left, LEFT),
      );
    case "succeeded":
      return joined(counted(words, state.results), seed, model.same && words.same);
    case "stopped":
      return joined(words[`stopped_${state.reason}`] ?? words.stopped, kept(words, state));
    default:
      return joined(state.results.length > 0 && kept(words, state), state.results.length > 0 && seed);
  }
}

// What a screen reader is told: the turns, not the steps.
function turn(words, model) {
  const { state } = model;
  if (!state) return "";
  if (state.state === "running")
    return state.results.length ? counted(words, state.results) : state.node;
  return joined(state.problem?.sentence, status(words, model));
}
