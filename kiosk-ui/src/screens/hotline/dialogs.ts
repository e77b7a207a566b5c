/// What stands around the call on the operators' page, its desks and its dialogs: loaded right after the form, so that typing can begin.

export { default as CallbackDesk } from './CallbackDesk.svelte';
export { default as CallMore } from './CallMore.svelte';
export { default as EndDialog } from './EndDialog.svelte';
export { default as IncidentDialog } from './IncidentDialog.svelte';
export { default as KnownPanel } from './KnownPanel.svelte';
export { default as PickDialog } from './PickDialog.svelte';
export { default as ReviewDesk } from './ReviewDesk.svelte';
export { default as SidePanel } from './SidePanel.svelte';
export { default as UrgencyBox } from './UrgencyBox.svelte';
