/* The playground: a sampler is a table, the denoiser of a mixture a formula, and ten lines follow both. */
"use strict";

const playground = (() => {
  const { means, std, weights, starts } = TABLES;

  /* E[x_0 | x_t = x] for a mixture of Gaussians. */
  function clean(x, alpha, sigma) {
    const variance = alpha * alpha * std * std + sigma * sigma;
    if (variance === 0) return x;
    const logs = means.map((mean, k) => Math.log(weights[k]) - (x - alpha * mean) ** 2 / (2 * variance));
    const largest = Math.max(...logs), shares = logs.map((log) => Math.exp(log - largest));
    const total = shares.reduce((sum, share) => sum + share, 0);
    return shares.reduce((sum, share, k) =>
      sum + (share / total) * (means[k] + (alpha * std * std / variance) * (x - alpha * means[k])), 0);
  }

  /* The states of one number: x_T and what each look of the denoiser makes of it. */
  function follow(rows, x) {
    const seen = [], states = [x];
    for (const [, alpha, sigma, keep, coefficients] of rows) {
      seen.unshift(clean(x, alpha, sigma));
      x = keep * x;
      coefficients.forEach((weight, j) => { if (weight !== 0) x += weight * seen[j]; });
      states.push(x);
    }
    return states;
  }

  function tableOf(path, sampler, steps) { return TABLES.paths[path].tables[sampler][steps]; }

  /* Where all starts end. */
  function samples(path, sampler, steps) {
    const rows = tableOf(path, sampler, steps), scale = TABLES.paths[path].start;
    return starts.map((x) => follow(rows, scale * x).at(-1));
  }

  /* Numbers spread evenly over the data, found by halving: what exact samples would be. */
  function cdf(x) {
    return means.reduce((sum, mean, k) => sum + weights[k] * (1 + erf((x - mean) / (std * Math.SQRT2))) / 2, 0);
  }
  function erf(z) { /* Abramowitz and Stegun 7.1.26, to 1.5e-7 */
    const t = 1 / (1 + 0.3275911 * Math.abs(z));
    const tail = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
    return Math.sign(z) * (1 - tail * Math.exp(-z * z));
  }
  const exact = starts.map((_, i) => {
    let low = -4, high = 4;
    while (high - low > 1e-9) {
      const middle = (low + high) / 2;
      if (cdf(middle) < (i + 0.5) / starts.length) low = middle; else high = middle;
    }
    return low;
  });

  /* The mean distance by which samples would have to be moved to follow the data. */
  function distance(found) {
    const sorted = [...found].sort((a, b) => a - b);
    return sorted.reduce((sum, x, i) => sum + Math.abs(x - exact[i]), 0) / sorted.length;
  }

  const [first, second, path, range, count, drawing, said] =
    ["first", "second", "path", "steps", "count", "drawing", "said"].map((id) => document.getElementById(id));
  for (const [name, label] of Object.entries(TABLES.labels)) {
    first.add(new Option(label, name));
    second.add(new Option(label, name));
  }
  for (const name of Object.keys(TABLES.paths)) path.add(new Option(name, name));
  first.value = "ddim";
  second.value = "dpm_solver_pp_2m";
  range.max = TABLES.steps.length - 1;
  range.value = 4;

  /* Two boxes: time against x, and at its right where the numbers end, beside the density of the data. */
  const LEFT = 40, MIDDLE = 500, RIGHT = 710, TOP = 10, BOTTOM = 300, HIGHEST = 3;
  const across = (t, T) => LEFT + (MIDDLE - LEFT) * (1 - t / T);
  const up = (x) => BOTTOM - (BOTTOM - TOP) * (Math.max(-HIGHEST, Math.min(HIGHEST, x)) + HIGHEST) / (2 * HIGHEST);
  const line = (points, look) =>
    `<polyline points="${points.map((p) => p.map((v) => v.toFixed(1)).join(",")).join(" ")}" fill="none" ${look}/>`;

  /* The first sampler is solid with discs, the one beside it dashed with hollow diamonds: hue, dash and marker differ. */
  const LOOKS = [
    { words: "solid, discs", line: `stroke="${TABLES.colors[0]}" stroke-width="1.6"`,
      marker: ([x, y]) => `<circle cx="${x.toFixed(1)}" cy="${y.toFixed(1)}" r="3.2" fill="${TABLES.colors[0]}"/>` },
    { words: "dashed, diamonds", line: `stroke="${TABLES.colors[1]}" stroke-width="1.8" stroke-dasharray="7 4"`,
      marker: ([x, y]) => `<path d="M${x.toFixed(1)} ${(y - 4.6).toFixed(1)}l4.6 4.6l-4.6 4.6l-4.6 -4.6z" fill="none" `
        + `stroke="${TABLES.colors[1]}" stroke-width="1.6"/>` },
  ];
  const MARKED = 16; /* at most so many markers on a line */

  const lines = (x, y, texts) => `<text y="${y}">`
    + texts.map((text) => `<tspan x="${x}" dy="1.15em">${text}</tspan>`).join("") + "</text>";
  const words = (x, y, text, more = "") => `<text x="${x}" y="${y}" ${more}>${text}</text>`;

  function trajectories(name, steps, look) {
    const rows = tableOf(path.value, name, steps), { T, start } = TABLES.paths[path.value];
    const chosen = starts.filter((_, i) => i % 29 === 14), stride = Math.ceil(rows.length / MARKED);
    return chosen.map((x) => {
      const times = [...rows.map((row) => row[0]), 0];
      const points = follow(rows, start * x).map((state, k) => [across(times[k], T), up(state)]);
      const marked = points.filter((_, k) => (points.length - 1 - k) % stride === 0);
      return line(points, look.line) + marked.map(look.marker).join("");
    }).join("");
  }

  function heap(found, look) {
    const bins = 60, counts = new Array(bins).fill(0), width = 2 * HIGHEST / bins;
    for (const x of found) {
      const bin = Math.floor((x + HIGHEST) / width);
      if (bin >= 0 && bin < bins) counts[bin] += 1 / (found.length * width);
    }
    const points = counts.map((height, i) => [MIDDLE + 20 + 110 * Math.min(height, 1.7), up(-HIGHEST + (i + 0.5) * width)]);
    return line(points, look.line);
  }

  function density() {
    const points = [];
    for (let x = -HIGHEST; x <= HIGHEST; x += 0.02) {
      const height = means.reduce((sum, mean, k) => sum + weights[k] *
        Math.exp(-((x - mean) ** 2) / (2 * std * std)) / (std * Math.sqrt(2 * Math.PI)), 0);
      points.push([MIDDLE + 20 + 110 * height, up(x)]);
    }
    return line(points, 'stroke="currentColor" stroke-width="1" opacity="0.7"');
  }

  const counted = (n, noun) => `${n} ${noun}${n === 1 ? "" : "s"}`;

  function draw() {
    const steps = TABLES.steps[range.value];
    count.value = String(steps);
    range.setAttribute("aria-valuetext", counted(steps, "step"));
    const chosen = [first.value, second.value].map((name, i) =>
      ({ name, look: LOOKS[i], ends: samples(path.value, name, steps) }));
    const ticks = [-2, -1, 0, 1, 2].map((x) => words(LEFT - 8, up(x) + 4, x, 'text-anchor="end"')).join("");
    drawing.innerHTML = `<rect x="${LEFT}" y="${TOP}" width="${MIDDLE - LEFT}" height="${BOTTOM - TOP}" class="frame"/>`
      + `<rect x="${MIDDLE + 20}" y="${TOP}" width="${RIGHT - MIDDLE - 20}" height="${BOTTOM - TOP}" class="frame"/>${ticks}`
      + words(LEFT, BOTTOM + 22, "noise") + words(MIDDLE, BOTTOM + 22, "data", 'text-anchor="end"')
      + lines(MIDDLE + 20, BOTTOM + 4, ["samples", "thin: the data"]) + words(8, TOP + 10, "x")
      + chosen.map(({ name, look }) => trajectories(name, steps, look)).join("") + density()
      + chosen.map(({ ends, look }) => heap(ends, look)).join("");
    said.innerHTML = chosen.map(({ name, look, ends }) => {
      const looks = tableOf(path.value, name, steps).length;
      return `<p>${key(look)} ${TABLES.labels[name]} (${look.words}), ${counted(steps, "step")}, `
        + `${counted(looks, "evaluation")}: distance W1 to the data ${distance(ends).toFixed(4)}.</p>`;
    }).join("");
  }

  function key(look) {
    const drawn = line([[1, 7], [43, 7]], look.line) + look.marker([22, 7]);
    return `<svg class="key" viewBox="0 0 44 14" aria-hidden="true">${drawn}</svg>`;
  }

  for (const control of [first, second, path, range]) control.addEventListener("input", draw);
  draw();
  return { samples, distance };
})();
