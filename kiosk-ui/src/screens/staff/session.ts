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

export function homeOf(roles: Role[]): string {
  if (roles.some((role) => role === 'lead' || role === 'manager' || role === 'admin')) return '/lead';
  return roles.includes('clerk') ? '/counter' : '/';
}

export const maySeeLead = (roles: Role[]): boolean => homeOf(roles) === '/lead';
export const mayCall = (roles: Role[]): boolean => roles.includes('clerk') || roles.includes('lead');
