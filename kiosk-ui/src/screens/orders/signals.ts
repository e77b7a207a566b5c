/// What the exchange sent, as rows to read. Each source has its own words; a field that is not there stays empty.

export interface SignalRow {
  at: string | null;
  source: string;
  event: string;
  from: string;
  to: string;
  agent: string;
  call: string;
  result: string;
}

const rowsMax = 200;

type Thing = Record<string, unknown>;
const isThing = (value: unknown): value is Thing => typeof value === 'object' && value !== null && !Array.isArray(value);

function first(thing: Thing, names: string[]): string {
  for (const name of names) {
    const value = thing[name];
    if (typeof value === 'string' && value !== '') return value;
    if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  }
  return '';
}

/// From `{"items":[…]}` or a bare list.
export function rowsOf(answer: unknown): SignalRow[] {
  const list = Array.isArray(answer) ? answer : isThing(answer) ? (['items', 'signals', 'events'].map((name) => answer[name]).find(Array.isArray) ?? []) : [];
  return (list as unknown[])
    .filter(isThing)
    .slice(0, rowsMax)
    .map((each) => ({
      at: first(each, ['at', 'received_at', 'time']) || null,
      source: first(each, ['source', 'from_source']),
      event: first(each, ['event', 'kind', 'type', 'what']),
      from: first(each, ['caller_masked', 'caller', 'from']),
      to: first(each, ['callee', 'to', 'dialled', 'queue']),
      agent: first(each, ['agent', 'user', 'answered_by']),
      call: first(each, ['phone_call', 'call', 'call_id', 'callId', 'id']),
      result: first(each, ['outcome', 'result', 'cause', 'effect', 'problem', 'note']),
    }));
}
