/// Loads a part of a screen after the screen itself; where the network or the server is away just then, again until it is there.

const pauseMsFirst = 1_000;
const pauseMsMax = 15_000;

export async function part<T>(load: () => Promise<T>, pause: (ms: number) => Promise<void> = wait): Promise<T> {
  for (let ms = pauseMsFirst; ; ms = Math.min(pauseMsMax, ms * 2)) {
    try {
      return await load();
    } catch {
      await pause(ms);
      askStylesAgain();
    }
  }
}

const wait = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

/// A style sheet that did not come is never asked for again by itself.
function askStylesAgain(): void {
  for (const link of document.querySelectorAll<HTMLLinkElement>('link[rel="stylesheet"]')) {
    if (link.sheet === null) link.replaceWith(link.cloneNode());
  }
}
