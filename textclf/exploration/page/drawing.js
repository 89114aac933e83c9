"use strict";
// What all charts share: the data, colours of the light or the dark page, safe texts, redrawing.
const data = JSON.parse(document.getElementById("data").textContent);
const dark = matchMedia("(prefers-color-scheme: dark)");
const narrow = matchMedia("(max-width: 600px)");
const touch = matchMedia("(pointer: coarse)");
const drawers = [];

// Ten hues that differ in lightness too; one list for white, one for near-black.
const LIGHT = ["#1f6fb4", "#d9680f", "#2a8a4a", "#b3312c", "#7c52a8", "#0f8c97", "#c2418c", "#8a5a2b", "#7d7a00", "#56627a"];
const DARK = ["#6fb1ee", "#f3a24f", "#66c884", "#f07f76", "#bb9fe8", "#5bcbd5", "#f08fc8", "#cf9f70", "#d3cf4e", "#aebacb"];

function colour(index) { return (dark.matches ? DARK : LIGHT)[index % LIGHT.length]; }
function style(name) { return getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim(); }

// Plotly reads texts as a kind of HTML: texts of the data are shown as they are.
function safe(text) { return String(text).replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;"); }

// Hangul and Han take two columns.
function columns(character) { return /[\u1100-\u11ff\u2e80-\u9fff\uac00-\ud7a3\uff01-\uff60]/.test(character) ? 2 : 1; }

function short(text, most) {
  let width = 0, kept = "";
  for (const character of String(text)) {
    width += columns(character);
    if (width > most) return kept + "…";
    kept += character;
  }
  return kept;
}

function wrap(text, most) {
  const lines = [];
  let line = "", width = 0;
  for (const word of String(text).split(" ").flatMap((each) => cut(each, most))) {
    const size = [...word].reduce((sum, character) => sum + columns(character), 0);
    if (width && width + 1 + size > most) { lines.push(line); line = ""; width = 0; }
    line += (width ? " " : "") + word;
    width += (width ? 1 : 0) + size;
  }
  return [...lines, line].map(safe).join("<br>");
}

function cut(word, most) {
  const parts = [];
  for (let rest = [...word]; rest.length; rest = rest.slice(most / 2)) parts.push(rest.slice(0, most / 2).join(""));
  return parts.length ? parts : [""];
}

function labelTick(index) { return safe(short(data.labels[index], narrow.matches ? 14 : 28)); }
function number(value) { return value.toLocaleString("en"); }
function percent(share) { return share > 0 && share < 0.001 ? "<0.1 %" : (100 * share).toFixed(1) + " %"; }

function plot(id, traces, layout) {
  const axis = { gridcolor: style("grid"), zerolinecolor: style("grid"), linecolor: style("line"), automargin: true };
  const given = { ...layout };
  for (const name of ["xaxis", "yaxis"]) given[name] = { ...axis, fixedrange: touch.matches, ...(layout[name] || {}) };
  Plotly.react(id, traces, {
    paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
    font: { color: style("ink"), family: getComputedStyle(document.body).fontFamily, size: 13 },
    margin: { l: 8, r: 12, t: 10, b: 40 }, dragmode: touch.matches ? false : "zoom",
    hoverlabel: { align: "left", bgcolor: style("card"), bordercolor: style("line"), font: { color: style("ink"), size: 13 } },
    modebar: { bgcolor: "rgba(0,0,0,0)", color: style("quiet"), activecolor: style("ink") },
    ...given,
  }, { responsive: true, displaylogo: false, displayModeBar: touch.matches ? false : "hover",
       showSendToCloud: false,  // plotly.js offers to upload the chart, and with it texts that are nobody else's business
       modeBarButtonsToRemove: ["select2d", "lasso2d", "autoScale2d"] });
}

// A row of buttons of which one is pressed; `options`: [[value, text], ...].
function makeSwitch(id, options, chosen) {
  const box = document.getElementById(id);
  const state = { value: options[0][0] };
  if (options.length < 2) return state;
  for (const [value, text] of options) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = text;
    button.setAttribute("aria-pressed", value === state.value);
    button.addEventListener("click", () => {
      state.value = value;
      for (const each of box.children) each.setAttribute("aria-pressed", each === button);
      chosen();
    });
    box.append(button);
  }
  return state;
}

function fillSelect(id, options, chosen) {
  const select = document.getElementById(id);
  for (const [value, text] of options) select.add(new Option(text, value));
  select.addEventListener("change", chosen);
  return select;
}

function draws(drawer) { drawers.push(drawer); drawer(); }
function redraw() { for (const drawer of drawers) drawer(); }
dark.addEventListener("change", redraw);
narrow.addEventListener("change", redraw);
