// Makes the pages a little better where scripts run; without it they say the same.
"use strict";
(() => {
  const root = document.documentElement;
  root.classList.add("script");

  const localTimes = (part) => {
    for (const time of part.querySelectorAll("time.at")) {
      const moment = new Date(time.dateTime);
      if (Number.isNaN(moment.getTime())) continue;
      time.title = `${time.dateTime.slice(0, 16).replace("T", " ")} UTC`;
      const age = Date.now() - moment.getTime();
      const clock = { hour: "2-digit", minute: "2-digit", hour12: false };
      const day = age < 6 * 864e5 ? { weekday: "short" } : { day: "numeric", month: "short" };
      const year = age < 300 * 864e5 ? {} : { year: "numeric" };
      time.textContent = moment.toLocaleString("en-GB", { ...day, ...year, ...clock }).replace(",", "");
    }
    const zone = part.querySelector("[data-zone]");
    if (zone) zone.textContent = "Times are yours; hover for UTC.";
  };

  const refresh = async () => {
    const busy = document.activeElement?.closest("form, dialog");
    if (document.hidden || busy || getSelection()?.toString()) return;
    const answer = await fetch(location.href, { cache: "no-cache" }).catch(() => null);
    if (!answer || !answer.ok) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const part of document.querySelectorAll("[data-live]")) {
      const fresh = page.getElementById(part.id);
      if (!fresh) continue;
      localTimes(fresh);
      if (fresh.innerHTML !== part.innerHTML) part.replaceWith(document.adoptNode(fresh));
    }
  };

  document.addEventListener("change", (event) => {
    if (event.target instanceof HTMLSelectElement) event.target.form?.requestSubmit();
  });
  localTimes(document);
  setInterval(refresh, 30000);
})();
