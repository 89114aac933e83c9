// The encoder's states as small maps side by side: one projection, one scale, a label's colour everywhere.
function stateMaps({ states, say }) {
  const size = 260, middle = size / 2, reach = middle - 8;
  const colour = (place) => (place < 0 ? "var(--quiet)" : `var(--series-${place + 1})`);
  const titled = (epoch) => (epoch === 0 ? say.untrained : `${say.epoch} ${short(epoch)}`);
  const order = [...states.inks.keys()].sort((a, b) => (states.inks[a] < 0 ? 0 : 1) - (states.inks[b] < 0 ? 0 : 1)); // grey behind
  const one = (map) => {
    const alt = filled(say.state_alt, { n: number(states.rows.length), when: titled(map.epoch), share: Math.round(100 * map.variance) });
    const svg = made("svg", { viewBox: `0 0 ${size} ${size}`, role: "img", "aria-label": alt });
    for (const i of order) svg.append(made("circle", { cx: (middle + map.x[i] * reach).toFixed(1), cy: (middle - map.y[i] * reach).toFixed(1), r: 3, fill: colour(states.inks[i]), "fill-opacity": states.inks[i] < 0 ? 0.3 : 0.65 }));
    return node("figure", {}, svg, node("figcaption", {}, titled(map.epoch), node("span", { class: "quiet", text: ` · ${filled(say.state_share, { share: Math.round(100 * map.variance) })}` })));
  };
  const key = (name, place) => node("li", {}, made("svg", { width: 12, height: 10 }, made("circle", { cx: 6, cy: 5, r: 5, fill: colour(place) })), name);
  document.getElementById("state-maps").replaceChildren(...states.maps.map(one));
  document.getElementById("state-legend").replaceChildren(...states.colours.map(([name, place]) => key(name, place)), ...(states.grey ? [key(say.other_labels, -1)] : []));
}
