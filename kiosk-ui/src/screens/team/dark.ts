/// Dark or light: as the phone likes it, until the worker says otherwise.

const keptAs = 'warmhall.look';

export function useSavedLook(): void {
  let kept: string | null = null;
  try {
    kept = localStorage.getItem(keptAs);
  } catch {
    // The phone's own liking, then.
  }
  const dark = kept === null ? matchMedia('(prefers-color-scheme: dark)').matches : kept === 'dark';
  show(dark);
}

export const isDark = (): boolean => document.documentElement.dataset['look'] === 'dark';

export function toggleLook(): boolean {
  const dark = !isDark();
  show(dark);
  try {
    localStorage.setItem(keptAs, dark ? 'dark' : 'light');
  } catch {
    // Until the page is closed.
  }
  return dark;
}

function show(dark: boolean): void {
  if (dark) document.documentElement.dataset['look'] = 'dark';
  else delete document.documentElement.dataset['look'];
}
