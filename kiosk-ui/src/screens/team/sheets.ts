/// The forms of the team's page: loaded right after the list is shown, not before, so that they are there when the network is not.

export { default as StepSheet } from './StepSheet.svelte';
