// Sorts tables, finds rows and draws plots. Pages are complete without it.
"use strict";
(() => {
  const EMPTY = new Set(["", "\u2013"]);

  function readKey(row, column) {
    const cell = row.cells[column];
    const text = cell.dataset.key ?? (cell.querySelector("bdi") ?? cell).textContent.trim();
    const found = /^([-\u2212]?)[+\u00b1]?([0-9]+(?:\.[0-9]+)?)(?:\s|$)/.exec(text);
    return { text, number: found ? Number(found[2]) * (found[1] ? -1 : 1) : Number.NaN };
  }

  function compareKeys(one, other) {
    if (EMPTY.has(one.text) || EMPTY.has(other.text)) {
      return null;
    }
    if (!Number.isNaN(one.number) && !Number.isNaN(other.number)) {
      return one.number - other.number;
    }
    return one.text.localeCompare(other.text, undefined, { numeric: true });
  }

  function sortBy(table, heading, column) {
    const descending = heading.getAttribute("aria-sort") === "ascending";
    const body = table.tBodies[0];
    const rows = [...body.rows].map((row) => ({ row, key: readKey(row, column) }));
    rows.sort((one, other) => {
      const order = compareKeys(one.key, other.key);
      if (order === null) { // what is empty is last, whichever way
        return EMPTY.has(one.key.text) - EMPTY.has(other.key.text);
      }
      return descending ? -order : order;
    });
    body.append(...rows.map(({ row }) => row));
    for (const other of table.tHead.rows[0].cells) {
      other.removeAttribute("aria-sort");
    }
    heading.setAttribute("aria-sort", descending ? "descending" : "ascending");
  }

  function makeSortable(table) {
    if (table.tBodies[0].rows.length < 2) {
      return;
    }
    [...table.tHead.rows[0].cells].forEach((heading, column) => {
      const title = heading.querySelector(".head");
      const button = document.createElement("button");
      button.type = "button";
      button.className = "sort";
      button.append(...title.childNodes);
      title.append(button);
      button.addEventListener("click", () => sortBy(table, heading, column));
    });
  }

  function makeFindable(table) {
    if (table.tBodies[0].rows.length < 10) {
      return;
    }
    const label = document.createElement("label");
    const input = document.createElement("input");
    label.className = "find";
    input.type = "search";
    label.append(table.dataset.find, input);
    input.addEventListener("input", () => {
      const wanted = input.value.trim().toLocaleLowerCase();
      for (const row of table.tBodies[0].rows) {
        const name = `${row.cells[0].textContent} ${row.cells[1].textContent}`.toLocaleLowerCase();
        row.hidden = !name.includes(wanted);
      }
    });
    table.closest(".wide").before(label);
  }

  function readTheme(narrow) {
    const color = (name) => `var(--${name})`; // so that paper is not printed in the colours of a dark window
    const labels = narrow ? 110 : 220;
    const words = { labelColor: color("ink"), titleColor: color("soft"), labelFontSize: 12, titleFontSize: 12 };
    return {
      background: "transparent",
      font: getComputedStyle(document.body).fontFamily,
      view: { stroke: null },
      axis: { ...words, titleFontWeight: "normal", gridColor: color("line"), domainColor: color("soft"), tickColor: color("soft"), labelLimit: labels, labelSeparation: 6 },
      legend: { ...words, orient: "top", symbolStrokeColor: color("soft"), layout: { top: { bounds: "full", anchor: "start" } } },
      bar: { color: color("series-1"), stroke: color("panel"), strokeWidth: 1 },
      line: { color: color("series-1") },
      point: { color: color("series-1") },
      tick: { color: color("ink") },
      rule: { color: color("soft") },
      range: { category: [color("series-1"), color("series-2"), color("series-3")] },
    };
  }

  function draw(place, dark, narrow) {
    const spec = JSON.parse(document.getElementById(place.dataset.plot).textContent);
    place.hidden = false;
    const wishes = {
      mode: "vega-lite",
      renderer: "svg",
      actions: false,
      ast: true, // expressions are interpreted: none becomes a function
      config: readTheme(narrow),
      tooltip: { theme: dark ? "dark" : "light" },
    };
    vegaEmbed(place, spec, wishes).catch((error) => {
      place.hidden = true;
      console.error(error);
    });
  }

  // Chromium unfolds what a link leads into, and what is found in a page, by itself; others do not.
  function unfold() {
    const target = document.querySelector(":target");
    const folded = target?.closest("details");
    if (folded && !folded.open) {
      folded.open = true;
      target.scrollIntoView();
    }
  }

  document.querySelectorAll("table.data").forEach(makeSortable);
  addEventListener("hashchange", unfold);
  unfold();
  document.querySelectorAll("table[data-find]").forEach(makeFindable);
  const places = [...document.querySelectorAll("[data-plot]")];
  if (places.length > 0 && typeof vegaEmbed === "function") {
    const scheme = matchMedia("(prefers-color-scheme: dark)");
    const narrow = matchMedia("(max-width: 30rem)");
    const drawAll = () => places.forEach((place) => draw(place, scheme.matches, narrow.matches));
    for (const one of [scheme, narrow]) {
      one.addEventListener("change", drawAll);
    }
    drawAll();
  }
})();
