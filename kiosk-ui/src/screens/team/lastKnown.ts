/// The last picture of the team's work, readable without a network. Customers' full numbers are never kept.

import type { Plan, TeamState, WorkOrder } from '../work/shapes';

export interface LastKnown {
  at: string;
  username: string;
  state: TeamState;
  orders: Record<string, WorkOrder>;
  plan: Plan;
}
const keptAs = 'warmhall.team.last';
const teamAs = 'warmhall.team';

export function readLast(team: string, username?: string): LastKnown | null {
  try {
    const kept = JSON.parse(localStorage.getItem(`${keptAs}.${team}`) ?? 'null') as LastKnown | null;
    return kept !== null && (username === undefined || kept.username === username) ? kept : null;
  } catch {
    return null;
  }
}

export function keepLast(team: string, last: LastKnown): void {
  try {
    localStorage.setItem(`${keptAs}.${team}`, JSON.stringify(last));
  } catch {
    // Too much for this browser: the list is only there while the page stays open.
  }
}

export function readTeam(): string | null {
  try {
    return localStorage.getItem(teamAs);
  } catch {
    return null;
  }
}

export function keepTeam(team: string): void {
  try {
    localStorage.setItem(teamAs, team);
  } catch {
    // Asked again next time.
  }
}
