/// What a customer types to find a case, and what the address names already.

/// The case number in `/case/20261123-0001` or `?no=…`; empty when there is none.
export function caseNoOf(path: string, search: string): string {
  const inPath = /^\/case\/([\w-]{1,40})\/?$/.exec(path)?.[1];
  return inPath ?? new URLSearchParams(search).get('no') ?? '';
}

/// As a case number is written: full-width digits and dashes, blanks and small slips are put right.
export function tidyNo(typed: string): string {
  const plain = typed.normalize('NFKC').replace(/[\s.·]/g, '').replace(/[—–−_]/g, '-');
  const run = /^(\d{8})-?(\d{1,6})$/.exec(plain);
  return run === null ? plain : `${run[1]}-${(run[2] ?? '').padStart(4, '0')}`;
}

export const tidyTail = (typed: string): string => typed.normalize('NFKC').replace(/\D/g, '').slice(-4);
