/// The lead's dialogs and the slip: loaded right after the hall is shown, not before.

export { default as Slip } from '../kiosk/Slip.svelte';
export { default as CounterDialog } from './CounterDialog.svelte';
export { default as IssueDialog } from './IssueDialog.svelte';
export { default as NoticeDialog } from './NoticeDialog.svelte';
export { default as OrdersBox } from './OrdersBox.svelte';
export { default as PairDialog } from './PairDialog.svelte';
export { default as RevokeDialog } from './RevokeDialog.svelte';
export { default as ServiceDialog } from './ServiceDialog.svelte';
export { default as TicketDialog } from './TicketDialog.svelte';
