/// A clock for screens: calls back at every full second until stopped.

export function everySecond(tick: () => void): () => void {
  let timer = 0;
  const again = (): void => {
    tick();
    timer = window.setTimeout(again, 1000 - (Date.now() % 1000));
  };
  again();
  return () => clearTimeout(timer);
}
