// Returns each visible piece of text below `root` with its computed contrast (WCAG 2.2, relative luminance).
(root) => {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgba = (colour) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
    return [r, g, b, a / 255];
  };
  const over = (top, under) => under.map((v, i) => top[i] * top[3] + v * (1 - top[3]));
  const linear = (v) => (v / 255 <= 0.03928 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4);
  const luminance = ([r, g, b]) => 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
  const ground = (element) => {
    const stack = [];
    for (let e = element; e; e = e.parentElement) {
      stack.push(rgba(getComputedStyle(e).backgroundColor));
      // Text of a drawing stands on the box drawn before it.
      const box = e.tagName === "g" && e.querySelector("rect");
      if (box) stack.push(rgba(getComputedStyle(box).fill));
    }
    return stack.reverse().reduce((under, colour) => over(colour, under), [255, 255, 255]);
  };
  const opacity = (element) => {
    let all = 1;
    for (let e = element; e; e = e.parentElement) all *= parseFloat(getComputedStyle(e).opacity);
    return all;
  };
  const found = [];
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement, text = walker.currentNode.data.trim();
    const style = getComputedStyle(element), drawn = element instanceof SVGElement;
    const colour = drawn ? style.fill : style.color;
    if (!text || element.closest("style,title") || !element.checkVisibility({ visibilityProperty: true })) continue;
    if (colour === "none") continue;
    const back = ground(element), front = rgba(colour);
    front[3] *= opacity(element);
    const [high, low] = [luminance(over(front, back)), luminance(back)].sort((a, b) => b - a);
    found.push({ text: text.slice(0, 60), ratio: (high + 0.05) / (low + 0.05), colour, back });
  }
  return found;
}
