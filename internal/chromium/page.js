// What is wrong with the page as it is laid out now: a list of sentences.
(async () => {
  const wrong = [];
  const name = e => {
    const id = e.id ? "#" + e.id : "";
    const text = (e.textContent || e.getAttribute("alt") || "").trim().replace(/\s+/g, " ").slice(0, 40);
    return "<" + e.tagName.toLowerCase() + id + "> " + JSON.stringify(text);
  };

  // What is folded on the screen can be unfolded there, and is looked at too.
  const folded = matchMedia("print").matches ? [] : [...document.querySelectorAll("details:not([open])")];
  for (const e of folded) e.open = true;

  for (const img of document.images) {
    img.loading = "eager";
    const source = (img.getAttribute("src") || "").slice(0, 60);
    try { await img.decode(); } catch { /* it has no width then */ }
    if (img.naturalWidth === 0) wrong.push("image " + source + " is broken");
    if (!(img.getAttribute("alt") || "").trim()) wrong.push("image " + source + " has no alternative text");
  }

  // Not window.innerWidth, which grows with the page on a phone: that shows all of it, smaller.
  const width = document.documentElement.clientWidth;
  const scrolls = e => {
    for (; e && e !== document.documentElement; e = e.parentElement)
      if (/auto|scroll|hidden|clip/.test(getComputedStyle(e).overflowX)) return true;
    return false;
  };
  if (document.documentElement.scrollWidth > width) {
    const wide = [...document.body.querySelectorAll("*")].find(e => e.getBoundingClientRect().right > width + 1 && !scrolls(e));
    wrong.push("the page is " + document.documentElement.scrollWidth + " pixels wide in a window of " + width +
      (wide ? ": " + name(wide) : ""));
  }

  if (matchMedia("print").matches) // paper can neither be unfolded nor scrolled
    for (const e of document.body.querySelectorAll("*")) {
      if (e.matches("details > :not(summary)") && e.parentElement.checkVisibility() && (!e.checkVisibility() || e.getBoundingClientRect().height === 0))
        wrong.push("a folded part is not printed: " + name(e));
      if (e.scrollWidth > e.clientWidth + 1 && /auto|scroll|hidden|clip/.test(getComputedStyle(e).overflowX))
        wrong.push("a part that scrolls is cut: " + name(e));
    }

  const ids = new Set();
  for (const e of document.querySelectorAll("[id]")) {
    if (ids.has(e.id)) wrong.push("two elements have the id " + e.id);
    ids.add(e.id);
  }
  for (const a of document.querySelectorAll("a[href^='#']"))
    if (!ids.has(decodeURIComponent(a.getAttribute("href").slice(1)))) wrong.push("link " + a.getAttribute("href") + " leads nowhere");

  // Contrast of text with what is behind it, as the Web Content Accessibility Guidelines
  // define it: 4.5 for text, 3 for large text.
  const parse = text => (text.match(/[\d.]+/g) || []).map(Number);
  const luminance = c => {
    const [r, g, b] = c.slice(0, 3).map(v => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = e => {
    for (; e; e = e.parentElement) {
      const c = parse(getComputedStyle(e).backgroundColor);
      if (c.length === 3 || c[3] > 0) return c;
    }
    return [255, 255, 255];
  };
  const seen = new Set();
  for (const e of document.body.querySelectorAll("*")) {
    if (![...e.childNodes].some(n => n.nodeType === 3 && n.data.trim()) || !e.checkVisibility()) continue;
    const style = getComputedStyle(e), size = parseFloat(style.fontSize);
    const a = luminance(parse(style.color)), b = luminance(behind(e));
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    const key = e.tagName + style.color + behind(e);
    if (ratio < (size >= 24 ? 3 : 4.5) && !seen.has(key)) {
      seen.add(key);
      wrong.push("text of contrast " + ratio.toFixed(1) + ": " + name(e));
    }
    if (size < 12 && !seen.has(size)) {
      seen.add(size);
      wrong.push("text of " + size + " pixels: " + name(e));
    }
  }
  for (const e of folded) e.open = false;
  return { wrong, links: [...document.querySelectorAll("a[href]")].map(a => a.href) };
})()
