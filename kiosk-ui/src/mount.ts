/// Opens one screen on its page.

import { mount, type Component } from 'svelte';

export function open(screen: Component): void {
  const target = document.getElementById('app');
  if (target === null) throw new Error('the page has no #app');
  mount(screen, { target });
}
