/// What the exchange sent, as rows to read. Each source has its own words; a field that is not there stays empty.

export interface SignalRow {
  at: string | null;
  /// By which way, and which exchange.
  source: string;
  /// The message itself, its numbers masked.
  text: string;
  call: string;
  /// What was made of it.
  made: string;
}

const rowsMax = 200;

type Thing = Record<string, unknown>;
const isThing = (value: unknown): value is Thing => typeof value === 'object' && value !== null && !Array.isArray(value);

/// A word, or what stands in a thing of words.
function words(value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (isThing(value)) return Object.values(value).map(words).filter((each) => each !== '').join(' · ');
  return '';
}
const join = (...parts: unknown[]): string => parts.map(words).filter((each) => each !== '').join(' · ');

/// From `{"items":[…]}` or a bare list.
export function rowsOf(answer: unknown): SignalRow[] {
  const list = Array.isArray(answer) ? answer : isThing(answer) && Array.isArray(answer['items']) ? answer['items'] : [];
  return (list as unknown[])
    .filter(isThing)
    .slice(0, rowsMax)
    .map((each) => ({
      at: words(each['at']) || null,
      source: join(each['way'], each['source']),
      text: join(each['text']),
      call: join(each['call_id']),
      made: join(each['made'], each['detail'], each['reason']),
    }));
}
