/// Chinese on a machine that has no font for it: phones bring their own and are spared two megabytes, so a page on somebody's
/// phone loads ours only where every character would be the same empty box.

const sidePx = 32;

/// Two characters that look alike only as boxes.
export function showsChinese(drawn: (text: string) => string): boolean {
  return drawn('暖') !== drawn('厅');
}

/// What the system's own fonts make of a text, as pixels.
function onCanvas(): ((text: string) => string) | null {
  const canvas = document.createElement('canvas');
  canvas.width = canvas.height = sidePx;
  const pen = canvas.getContext('2d');
  if (pen === null) return null;
  return (text) => {
    pen.clearRect(0, 0, sidePx, sidePx);
    pen.font = '24px sans-serif';
    pen.fillText(text, 2, 26);
    return pen.getImageData(0, 0, sidePx, sidePx).data.join();
  };
}

/// Loads our font where there is none.
export function haveChinese(): void {
  const drawn = onCanvas();
  if (drawn !== null && !showsChinese(drawn)) void import('./fonts.css');
}
