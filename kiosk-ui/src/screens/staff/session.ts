/// Who sits here: the signed-in person, and the way to the sign-in page and back.

import { Problem, type Api } from '../../api';
import type { Role, User } from '../../wire';

/// The signed-in person, or null after sending this page to the sign-in. Other failures are thrown.
export async function whoIsHere(api: Api): Promise<User | null> {
  try {
    return (await api.session()).user;
  } catch (error) {
    if (error instanceof Problem && error.status === 401) {
      goToSignIn();
      return null;
    }
    throw error;
  }
}

export function goToSignIn(): void {
  const here = location.pathname + location.search;
  location.replace(`/signin?${new URLSearchParams({ next: here })}`);
}

/// Where to go after signing in: `next` when it is a path of this very site, else the person's own screen.
export function afterSignIn(next: string | null, roles: Role[], origin: string): string {
  return safePath(next, origin) ?? homeOf(roles);
}

/// `next` when it leads to a page of `origin`; null for anything else, such as `//evil.example`.
export function safePath(next: string | null, origin: string): string | null {
  if (next === null || !next.startsWith('/')) return null;
  try {
    const url = new URL(next, origin);
    return url.origin === origin && !url.pathname.startsWith('/signin') ? url.pathname + url.search + url.hash : null;
  } catch {
    return null;
  }
}

/// The screens that staff work at.
export type StaffScreen = 'counter' | 'lead' | 'hotline' | 'team' | 'orders';

const workersAt: Record<StaffScreen, Role[]> = {
  counter: ['clerk', 'lead'],
  hotline: ['operator', 'lead', 'admin'],
  team: ['handler', 'lead', 'admin'],
  orders: ['operator', 'clerk', 'lead', 'manager', 'admin'],
  lead: ['lead', 'manager', 'admin'],
};
/// Whose own screen it is: where they land after signing in. The first that fits.
const homes: [Role, StaffScreen][] = [
  ['lead', 'lead'],
  ['manager', 'lead'],
  ['admin', 'lead'],
  ['clerk', 'counter'],
  ['operator', 'hotline'],
  ['handler', 'team'],
];

export const mayOpen = (screen: StaffScreen, roles: Role[]): boolean => roles.some((role) => workersAt[screen].includes(role));

/// The screens a person may open, in the order of the bar.
export const doorsOf = (roles: Role[]): StaffScreen[] => (Object.keys(workersAt) as StaffScreen[]).filter((screen) => mayOpen(screen, roles));

export function homeOf(roles: Role[]): string {
  const home = homes.find(([role]) => roles.includes(role));
  return home === undefined ? '/' : `/${home[1]}`;
}

export const maySeeLead = (roles: Role[]): boolean => mayOpen('lead', roles);
export const mayCall = (roles: Role[]): boolean => mayOpen('counter', roles);
