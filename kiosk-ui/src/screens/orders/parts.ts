/// The other tabs and the dialog: loaded right after the list is shown, not before.

export { default as Exchange } from './Exchange.svelte';
export { default as Incidents } from './Incidents.svelte';
export { default as OpDialog } from './OpDialog.svelte';
