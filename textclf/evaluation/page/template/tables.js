// What tables of every page of ours do: sort, fold, show where they go on; the page says its words in `say`.
function sortable(table) {
  const headers = [...table.querySelectorAll("thead th")];
  const sort = (column, header) => {
    const up = header.getAttribute("aria-sort") === "descending";
    headers.forEach((each) => each.removeAttribute("aria-sort"));
    header.setAttribute("aria-sort", up ? "ascending" : "descending");
    const key = (row) => row.cells[column].dataset.value ?? row.cells[column].textContent;
    const rows = [...table.tBodies[0].rows].sort((a, b) => {
      const [x, y] = [key(a), key(b)];
      const difference = x !== "" && y !== "" && !isNaN(x) && !isNaN(y) ? x - y : x.localeCompare(y);
      return up ? difference : -difference;
    });
    table.tBodies[0].append(...rows);
  };
  headers.forEach((header) => header.querySelector("button").addEventListener("click", () => sort(header.cellIndex, header)));
}

// A long table of labels shows its first rows, whatever its order, until all are asked for.
function folded(table) {
  const most = Number(table.dataset.shown), rows = table.tBodies[0].rows.length;
  if (rows <= most) return;
  table.classList.add("folded");
  const button = node("button", { type: "button", class: "more", text: filled(say.more_labels, { n: rows }), press: () => { table.classList.remove("folded"); button.remove(); table.closest(".scroll").focus(); } });
  table.closest(".scroll").after(button);
}

// Whoever can scroll a box sideways sees it fade where it goes on; a box that need not scroll is no stop of the keyboard.
function edges(box, stops = true) {
  const on = () => {
    const wide = box.scrollWidth > box.clientWidth + 1;
    const tall = box.scrollHeight > box.clientHeight + 1;
    box.classList.toggle("goes-down", tall && box.scrollTop + box.clientHeight < box.scrollHeight - 2);
    box.classList.toggle("goes-on", wide && box.scrollLeft + box.clientWidth < box.scrollWidth - 2);
    if (!stops) return;
    if (wide || tall) box.tabIndex = 0; else box.removeAttribute("tabindex");
  };
  box.addEventListener("scroll", on, { passive: true });
  new ResizeObserver(on).observe(box);
  if (box.firstElementChild) new ResizeObserver(on).observe(box.firstElementChild);
}

// A text of which only the first lines are shown says so, and can be read whole.
function readOn(list) {
  for (const text of list.querySelectorAll(".text:not(.open)")) {
    if (text.scrollHeight <= text.clientHeight + 1 || text.nextElementSibling?.classList.contains("whole")) continue;
    const button = node("button", { type: "button", class: "whole", text: say.read_on, press: () => { text.classList.add("open"); button.remove(); text.tabIndex = -1; text.focus(); } });
    text.after(button);
  }
}

// The texts that were found, a few at a time: `item(row)` makes each; what is returned shows rows, found of so many.
function listed(step, item) {
  const list = document.getElementById("rows"), more = document.getElementById("more"), status = document.getElementById("found");
  let shown = step, found = [];

  function append(from) {
    const made = found.slice(from, shown).map(item);
    list.append(...made);
    readOn(list);
    more.hidden = found.length <= shown;
    more.textContent = filled(say.more, { n: Math.min(step * 2, found.length - shown) });
    return made[0];
  }
  more.addEventListener("click", () => { const from = shown; shown += step * 2; const first = append(from); first.tabIndex = -1; first.focus(); });

  return (rows, of) => {
    [found, shown] = [rows, step];
    status.textContent = found.length ? filled(say.found, { n: number(found.length), of: number(of) }) : say.nothing;
    list.replaceChildren();
    append(0);
  };
}
