/// The desk's dialogs and its paper: loaded right after the desk is shown, not before.

export { default as CheckDialog } from './CheckDialog.svelte';
export { default as ChosenDialog } from './ChosenDialog.svelte';
export { default as CloseDialog } from './CloseDialog.svelte';
export { default as FinishDialog } from './FinishDialog.svelte';
export { default as ParkDialog } from './ParkDialog.svelte';
export { default as PauseDialog } from './PauseDialog.svelte';
export { default as SheetPaper } from './SheetPaper.svelte';
export { default as TransferDialog } from './TransferDialog.svelte';
