/// The look a screen was asked for in its address: `?look=dark`.

export function useLook(): void {
  const look = new URLSearchParams(location.search).get('look');
  if (look === 'dark') document.documentElement.dataset['look'] = 'dark';
}
