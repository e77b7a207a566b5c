/// What a person who signs out leaves behind in the browser: nothing of anybody's work.

export const hereAs = 'warmhall.here';
/// What the team's page keeps begins so; the look, the language and the instrument are nobody's.
const personal = [hereAs, 'warmhall.team.', 'warmhall.claim.'];
const outboxOf = 'warmhall.outbox.';
const cachesOf = 'warmhall-team-';

export function forget(beginnings: string[]): void {
  for (const key of Object.keys(localStorage)) if (beginnings.some((each) => key.startsWith(each))) localStorage.removeItem(key);
}

/// What was done without a network and is not at the server yet waits for its worker to come back.
function forgetSent(): void {
  for (const key of Object.keys(localStorage).filter((each) => each.startsWith(outboxOf))) {
    const kept = JSON.parse(localStorage.getItem(key) ?? 'null') as { entries?: { refused: unknown }[] } | null;
    if (!kept?.entries?.some((each) => each.refused === null)) localStorage.removeItem(key);
  }
}

/// After signing out: the work, and the page that would show it without a network.
export async function forgetHere(): Promise<void> {
  try {
    forget(personal);
    forgetSent();
    await (await navigator.serviceWorker?.getRegistration('/team'))?.unregister();
    if (typeof caches !== 'undefined') await Promise.all((await caches.keys()).filter((name) => name.startsWith(cachesOf)).map((name) => caches.delete(name)));
  } catch {
    // A browser that keeps nothing has nothing to forget.
  }
}
