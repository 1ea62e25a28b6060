// Makes the pages a little better where scripts run; without it they say the same.
"use strict";
(() => {
  const EVERY = 30000; // ms between looks at what is new
  const TYPING = 250; // ms without a key until a filter is asked
  const lost = document.getElementById("lost");
  let heard = new Date();
  let asked = 0;

  const said = (moment) => {
    const age = Date.now() - moment.getTime();
    const clock = { hour: "2-digit", minute: "2-digit", hour12: false };
    const day = age < 6 * 864e5 ? { weekday: "short" } : { day: "numeric", month: "short" };
    const year = age < 300 * 864e5 ? {} : { year: "numeric" };
    return moment.toLocaleString("en-GB", { ...day, ...year, ...clock }).replace(",", "");
  };

  const localTimes = (part) => {
    for (const time of part.querySelectorAll("time.at")) {
      const moment = new Date(time.dateTime);
      if (Number.isNaN(moment.getTime())) continue;
      time.title = `${time.dateTime.slice(0, 16).replace("T", " ")} UTC`;
      time.textContent = said(moment);
    }
    const zone = part.querySelector("[data-zone]");
    if (zone) zone.textContent = `Times are yours (${Intl.DateTimeFormat().resolvedOptions().timeZone}); hover for UTC.`;
  };

  // Puts what is new into its place; how far a table is scrolled and what is unfolded stays.
  const replace = (part, fresh) => {
    const scrolled = [...part.querySelectorAll(".wrap")].map((table) => table.scrollLeft);
    const unfolded = [...part.querySelectorAll("details")].map((details) => details.open);
    part.replaceChildren(...fresh.childNodes);
    part.querySelectorAll("details").forEach((details, at) => { details.open = unfolded[at] ?? false; });
    part.querySelectorAll(".wrap").forEach((table, at) => { table.scrollLeft = scrolled[at] ?? 0; });
  };

  const show = async (address) => {
    const mine = ++asked;
    const answer = await fetch(address, { cache: "no-cache" }).catch(() => null);
    if (mine !== asked) return; // something else has been asked since
    if (lost) lost.hidden = Boolean(answer?.ok);
    if (!answer?.ok) {
      if (lost) lost.querySelector("span").textContent = said(heard);
      return;
    }
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (mine !== asked) return;
    heard = new Date();
    for (const part of document.querySelectorAll("[data-live]")) {
      const fresh = page.getElementById(part.id);
      if (!fresh || part.contains(document.activeElement)) continue;
      localTimes(fresh);
      if (fresh.innerHTML !== part.innerHTML) replace(part, fresh);
    }
  };

  const filtered = (form) => {
    const fields = [...new FormData(form)].filter(([, value]) => value !== "");
    const query = new URLSearchParams(fields).toString();
    const address = form.action.split("?")[0] + (query ? `?${query}` : "");
    history.replaceState(null, "", address);
    show(address);
  };

  let typing = 0;
  for (const form of document.querySelectorAll("form[data-filter]")) {
    form.addEventListener("input", () => {
      clearTimeout(typing);
      typing = setTimeout(filtered, TYPING, form);
    });
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      clearTimeout(typing);
      filtered(form);
    });
  }

  document.documentElement.classList.add("script");
  localTimes(document);
  setInterval(() => {
    if (!document.hidden && !getSelection()?.toString()) show(location.href);
  }, EVERY);
})();
