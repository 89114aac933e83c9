// The map: a point a text, coloured by label or cluster; one group can be picked out, and read as a list.
const COLOURED = 8;

function embeddingMap({ map, labels, clusters, texts }) {
  const chart = document.getElementById("map-chart"), reading = document.getElementById("map-text"), toList = document.getElementById("map-list");
  const colour = document.getElementById("map-colour"), highlight = document.getElementById("map-highlight");
  const methods = ["tsne", "pca"], fields = Object.keys(map.fields);
  const rowOf = map.labels.map(() => null);
  texts.forEach((row) => { if (row[3] >= 0) rowOf[row[3]] = row; });
  let method = methods[0], field = fields[0], view = [0, 0, 1], ringed = null;

  // A text with several labels has the colour of its most frequent one; labels are numbered by frequency.
  const byLabel = () => colour.value === "label";
  const groups = () => (byLabel() ? map.labels.map((ids) => (ids.length ? Math.min(...ids) : -1)) : clusters.find((each) => String(each.k) === colour.value).ids);
  const groupName = (group) => (group < 0 ? say.no_label : byLabel() ? labels[group] : filled(say.cluster_n, { n: group + 1 }));
  const isMember = (point, of, group) => (!byLabel() || group < 0 ? of[point] === group : map.labels[point].includes(group));

  // Groups with a colour of their own: all clusters, and of many labels those that most texts here are drawn by.
  function coloured(of) {
    const numbers = new Map();
    for (const group of of) if (group >= 0) numbers.set(group, (numbers.get(group) || 0) + 1);
    const present = [...numbers.keys()].sort((a, b) => a - b);
    if (!byLabel() || present.length <= COLOURED) return present;
    return present.sort((a, b) => numbers.get(b) - numbers.get(a)).slice(0, COLOURED);
  }

  function inkOf(group, chosen) {
    const at = chosen.indexOf(group);
    if (at < 0) return "var(--grey)";
    if (chosen.length <= COLOURED) return `var(--series-${at + 1})`;
    return `hsl(${Math.round((at * 360) / chosen.length)} 60% ${at % 2 ? 42 : 60}%)`;
  }

  function draw() {
    const of = groups(), chosen = coloured(of), picked = highlight.value === "" ? null : Number(highlight.value);
    const [x, y] = map.fields[field][method], size = Math.max(280, chart.clientWidth), height = Math.min(620, size);
    const scale = (Math.min(size, height) / 2 - 12) * view[2];
    const wide = method === "pca" ? scale : (size / 2 - 12) * view[2];
    const px = (v) => size / 2 + (v - view[0]) * wide, py = (v) => height / 2 - (v - view[1]) * scale;
    const r = (of.length > 1500 ? 3 : of.length > 500 ? 3.5 : 4.5) * Math.min(1.8, view[2] ** 0.4);
    const alt = filled(say.map_alt, { n: number(of.length), method: method === "tsne" ? "t-SNE" : "PCA", by: colour.selectedOptions[0].text });
    const svg = made("svg", { viewBox: `0 0 ${size} ${height}`, width: size, height, role: "img", "aria-label": alt, style: view[2] > 1 ? "touch-action: none; cursor: grab" : "" });
    const dot = (point, ink, opacity) => { const circle = made("circle", { cx: px(x[point]).toFixed(1), cy: py(y[point]).toFixed(1), r, fill: ink, "fill-opacity": opacity }); circle.dataset.point = point; return circle; };
    const all = [...of.keys()], front = picked === null ? all.filter((i) => chosen.includes(of[i])) : all.filter((i) => isMember(i, of, picked));
    const inFront = new Set(front);
    for (const point of all) if (!inFront.has(point)) svg.append(dot(point, "var(--grey)", picked === null ? 0.5 : 0.25));
    for (const point of front) svg.append(dot(point, picked === null ? inkOf(of[point], chosen) : chosen.includes(picked) ? inkOf(picked, chosen) : "var(--accent)", 0.8));
    if (ringed !== null) svg.append(made("circle", { cx: px(x[ringed]), cy: py(y[ringed]), r: r + 5, fill: "none", stroke: "var(--ink)", "stroke-width": 2.5 }));
    chart.replaceChildren(svg);
    legend(chosen, picked);
    const n = picked === null ? of.length : front.length;
    toList.textContent = filled(picked === null ? say.list_all : say.list_group, { n: number(n), name: picked === null ? "" : groupName(picked) });
  }

  function legend(chosen, picked) {
    const chip = (group, text) => {
      const swatch = node("i", { style: `background: ${group === null ? "var(--grey)" : inkOf(group, chosen)}` });
      if (group === null) return node("span", { class: "chip" }, swatch, text);
      return node("button", { type: "button", class: "chip", "aria-pressed": String(picked === group), "data-group": group, press: () => { highlight.value = picked === group ? "" : String(group); draw(); document.querySelector(`#map-legend [data-group="${group}"]`)?.focus(); } }, swatch, node("span", { text }));
    };
    const others = byLabel() && new Set(groups()).size > chosen.length;
    document.getElementById("map-legend").replaceChildren(...chosen.map((group) => chip(group, groupName(group))), ...(others ? [chip(null, say.other_labels)] : []));
  }

  function fillHighlight() {
    const present = new Set(groups());
    if (byLabel()) for (const label of map.labels.flat()) present.add(label);
    const listed = [...present].sort((a, b) => a - b);
    highlight.replaceChildren(new Option(say.nothing_option, ""), ...listed.map((group) => new Option(groupName(group), group)));
  }

  function read(event) {
    const point = event.target.dataset?.point;
    if (point === undefined) return;
    const names = map.labels[point].map((i) => labels[i]).join(", ") || say.no_label;
    const cluster = byLabel() ? "" : ` · ${groupName(groups()[point])}`;
    reading.replaceChildren(node("b", { text: names + cluster }), " ", rowOf[point][1]);
  }

  function zoom(by) {
    view = by === 0 ? [0, 0, 1] : [view[0], view[1], Math.min(16, Math.max(1, view[2] * by))];
    draw();
  }

  function drag(event) {
    if (view[2] === 1) return;
    const start = [event.clientX, event.clientY, view[0], view[1]], scale = (chart.clientWidth / 2) * view[2];
    const move = (to) => { view = [start[2] - (to.clientX - start[0]) / scale, start[3] + (to.clientY - start[1]) / scale, view[2]]; draw(); };
    const end = () => { removeEventListener("pointermove", move); removeEventListener("pointerup", end); };
    addEventListener("pointermove", move);
    addEventListener("pointerup", end);
  }

  const names = { tsne: "t-SNE", pca: "PCA" };
  document.getElementById("map-method").append(switchOf(methods.map((each) => names[each]), say.projection, (place) => { method = methods[place]; draw(); }));
  if (fields.length > 1) document.getElementById("map-field").append(switchOf(fields.map((name) => map.fieldNames[name]), say.field, (place) => { field = fields[place]; draw(); }));
  document.getElementById("map-zoom").append(...[["+", say.zoom_in, 1.6], ["−", say.zoom_out, 1 / 1.6], ["1:1", say.zoom_whole, 0]].map(([text, title, by]) => node("button", { type: "button", text, title, "aria-label": title, press: () => zoom(by) })));
  colour.append(new Option(say.by_label_option, "label"), ...clusters.map((each) => new Option(filled(say.by_cluster, { k: each.k }), each.k)));
  colour.addEventListener("change", () => { fillHighlight(); draw(); });
  highlight.addEventListener("change", draw);
  chart.addEventListener("pointerover", read);
  chart.addEventListener("click", read);
  chart.addEventListener("pointerdown", drag);
  toList.addEventListener("click", () => {
    const picked = highlight.value;
    readTexts(picked === "" || (byLabel() && Number(picked) >= 0) ? { label: picked, where: "map" } : byLabel() ? { label: "-1", where: "map" } : { where: `${colour.value} ${picked}` }, true);
  });
  reading.textContent = say.point_at;
  fillHighlight();
  let width = 0;
  new ResizeObserver(() => { if (chart.clientWidth !== width) { width = chart.clientWidth; draw(); } }).observe(chart);
  draw();
  return (point) => {
    ringed = point;
    draw();
    reading.replaceChildren(node("b", { text: map.labels[point].map((i) => labels[i]).join(", ") || say.no_label }), " ", rowOf[point][1]);
    document.querySelector("#map h2").focus({ preventScroll: true });
    chart.scrollIntoView({ block: "center" });
  };
}
