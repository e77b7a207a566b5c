/// What a password has to fulfil, shown while it is typed. The server decides; these are its rules in the reader's sight.

export const passwordCharsMin = 8;
/// As in the server: letters, digits, dot, dash, underscore.
export const usernameForm = /^[A-Za-z0-9._-]{1,32}$/;

export type Rule = 'length' | 'notName' | 'notPlain' | 'same';

export function passwordRules(password: string, repeat: string, username: string): Record<Rule, boolean> {
  const name = username.trim().toLowerCase();
  return {
    length: [...password].length >= passwordCharsMin,
    notName: password !== '' && (name === '' || !password.toLowerCase().includes(name)),
    notPlain: password !== '' && !isPlain(password),
    same: password !== '' && password === repeat,
  };
}

/// What people choose first; the server refuses these too.
const common = ['password', 'password1', 'qwertyui', 'qwerty123', 'abc12345', 'admin123', 'iloveyou', 'warmhall', 'a1234567'];

/// One character over and over, a plain row such as 1234567890, or a word that everybody tries.
function isPlain(password: string): boolean {
  if (common.includes(password.toLowerCase())) return true;
  const codes = [...password].map((each) => each.codePointAt(0) ?? 0);
  const steps = new Set(codes.slice(1).map((code, i) => code - (codes[i] ?? 0)));
  return codes.length < 2 || (steps.size === 1 && [...steps].every((step) => Math.abs(step) <= 1)) || '12345678901234567890'.includes(password);
}
