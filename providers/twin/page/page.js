"use strict";
// Everything that comes from the twin goes into the page as text: names are chosen by whoever wrote the plan.
const at = (id) => document.getElementById(id);
const el = (tag, cls, ...kids) => {
  const e = document.createElement(tag);
  if (cls) e.className = cls;
  for (const k of kids) if (k !== null && k !== undefined && k !== "") e.append(k);
  return e;
};
const good = new Set(["running", "healthy", "RUNNING", "up", "open"]);
const bad = new Set(["unhealthy", "stopped", "failed", "down", "hung", "silent", "cut"]);
const pill = (text, tone) => el("span", "pill " + (tone || (good.has(text) ? "good" : bad.has(text) ? "bad" : "warn")), text);
const quiet = (...kids) => el("span", "quiet num", ...kids);
const seconds = (ms) => (ms < 9950 ? (ms / 1000).toFixed(1) : Math.round(ms / 1000)) + " s";
let now = 0;
const ago = (t) => (t ? seconds(Math.max(0, now - Date.parse(t))) + " ago" : "never");
const SVG = "http://www.w3.org/2000/svg";

const buffer = (b) => {
  const part = b.size > 0 ? Math.min(1, b.held / b.size) : 0;
  const rail = el("span", "rail" + (part > 0.9 ? " full" : ""));
  const svg = document.createElementNS(SVG, "svg"), bar = document.createElementNS(SVG, "rect");
  svg.setAttribute("viewBox", "0 0 100 8");
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("aria-hidden", "true");
  bar.setAttribute("height", "8");
  bar.setAttribute("width", String(b.held > 0 ? Math.max(1, part * 100) : 0));
  svg.append(bar);
  rail.append(svg);
  return el("li", "buffer", el("span", "name", b.name), rail,
    el("span", "n", b.held + " / " + b.size, b.ever ? el("span", "quiet", "  (" + b.ever + " ever)") : ""));
};

const beliefs = { up: "takes DC for up", down: "takes DC for down", unknown: "has never heard DC" };
const toolkit = (k) => {
  const out = el("div", "kit");
  const head = el("div", "row", pill(k.mode, k.mode === "active" ? "good" : " "));
  if (!k.running) head.append(pill("its watchdog does not run", "bad"));
  else head.append(pill(beliefs[k.belief].replace("DC", k.remote || "the other side"), k.belief === "up" ? "good" : k.belief === "down" ? "bad" : "warn"));
  if (k.silent) head.append(pill("silent", "bad"));
  if (k.shut) head.append(pill("shut down in order", "warn"));
  out.append(head);
  if (k.every_ms <= 0) {
    out.append(el("p", "quiet", "Failover is off: there is no heartbeat interval."));
  } else {
    const beats = el("span", "beats");
    beats.setAttribute("role", "img");
    beats.setAttribute("aria-label", "missed " + k.missed + " of " + k.allowed + " allowed");
    for (let i = 0; i <= Math.min(k.allowed, 30); i++) beats.append(el("i", i < k.missed ? "gone" : ""));
    out.append(el("p", "row", quiet("heard ", ago(k.heard)), quiet("sent ", ago(k.sent)), quiet("every ", seconds(k.every_ms)),
      quiet("missed " + k.missed + " of " + k.allowed + " ", beats), quiet(k.snapshots + " snapshots stored")));
  }
  const waiting = (k.queues || []).filter((q) => q.held > 0);
  if (waiting.length) out.append(el("ul", "rows", ...waiting.map(buffer)));
  return out;
};

const pe = (p) => el("li", "row pe", el("span", "name", "PE " + p.id), p.hung ? pill("hung") : pill(p.status),
  p.reason && p.reason !== "none" ? quiet(p.reason) : "",
  p.health !== "healthy" && p.status === "running" ? pill(p.health) : "",
  quiet("host " + p.host, p.pid ? ", pid " + p.pid : "", ", launch " + p.launches),
  el("span", "quiet wide mono", p.operators.map((o) => o.replace(/^CrossDCFailover\./, "")).join(" ")));

const job = (j) => el("div", "job", el("div", "head", el("h3", "", j.name), pill(j.status), pill(j.health), pill(j.serves ? "serves" : "does not serve", j.serves ? "good" : "bad"),
  quiet(j.path + ", id " + j.id + (j.application ? ", " + j.application : ""))),
  j.toolkit ? el("h4", "", "Toolkit") : "", j.toolkit ? toolkit(j.toolkit) : "",
  el("h4", "", "PEs"), el("ul", "rows", ...j.pes.map(pe)),
  el("h4", "", "Buffers"), el("ul", "rows", ...j.buffers.map(buffer)));

const monitor = (m) => el("div", "job", el("div", "head", el("h3", "", "Passive monitor"), quiet(m.path)), toolkit(m.toolkit));

const target = (t) => {
  const card = el("article", "card", el("div", "head", el("h2", "", t.name), pill(t.status), pill(t.health),
    t.clock_ms ? pill("clock " + (t.clock_ms > 0 ? "+" : "") + t.clock_ms + " ms", "warn") : "",
    t.database ? pill("database " + t.database, t.database === "up" ? "good" : "bad") : "", quiet("instance " + t.instance)));
  card.append(el("p", "row", ...t.hosts.map((h) => el("span", "quiet", h.name + " ", el("span", "mono", h.address), h.status === "RUNNING" ? "" : " ", h.status === "RUNNING" ? "" : pill(h.status)))));
  if (!t.jobs.length && !(t.monitors || []).length) card.append(el("p", "quiet", "No job runs here."));
  card.append(...t.jobs.map(job), ...(t.monitors || []).map(monitor));
  return card;
};

const link = (l) => el("li", "row link", el("span", "name", l.from + " → " + l.to), el("span", "", l.channel),
  pill(l.state),
  el("span", "quiet wide", l.path + ", port " + l.port + (l.faults ? ", by " + l.faults.join(", ") : "")));

const fault = (f) => el("li", "row fault", el("span", "name", f.name), pill(f.kind, "bad"), el("span", "wide", f.what), quiet("at " + f.where),
  quiet(f.heal_s === null ? "until it is removed" : "heals in " + f.heal_s + " s unless renewed"));

const event = (e) => el("li", "row", quiet(new Date(e.at).toLocaleTimeString()), el("span", "name", e.what.replaceAll("_", " ")),
  el("span", "wide", [e.target, e.path, e.id].filter(Boolean).join(" "), e.cause ? el("span", "quiet", "  " + e.cause) : ""));

const list = (id, items, none) => at(id).replaceChildren(items.length ? el("ul", "rows list card", ...items) : el("p", "quiet", none));

const show = (s) => {
  now = Date.parse(s.now);
  at("when").textContent = "up for " + seconds(now - Date.parse(s.started)) + s.locks.map((l) => ", " + l.target + " locked by run " + l.run + " of " + l.owner).join("");
  const hung = s.targets.flatMap((t) => t.jobs.flatMap((j) => j.pes.filter((p) => p.hung).map((p) => el("li", "row fault", el("span", "name", "PE " + p.id + " of " + t.name), pill("process", "bad"), el("span", "wide", "stopped, as by SIGSTOP"), quiet("at " + p.host)))));
  list("faults", s.faults.map(fault).concat(hung), "None.");
  at("targets").replaceChildren(...s.targets.map(target));
  list("links", s.links.map(link), "No two jobs have a toolkit on the same port.");
  list("recent", s.recent.map(event), "Nothing yet.");
};

let token = "", timer = 0;
const live = (text, tone) => { at("live").textContent = text; at("live").className = "pill " + tone; };
const main = document.querySelector("main");
const ask = async () => {
  clearTimeout(timer);
  try {
    const r = await fetch("/state", { headers: { Authorization: "Bearer " + token }, cache: "no-store", signal: AbortSignal.timeout(5000) });
    if (r.status === 401) return login(token ? "The token is wrong." : "");
    if (!r.ok) throw new Error("status " + r.status);
    show(await r.json());
    main.hidden = false;
    main.classList.remove("stale");
    at("login").hidden = true;
    live("live", "good");
  } catch (e) {
    main.classList.add("stale");
    live("no answer", "bad");
  }
  timer = setTimeout(ask, 1000);
};
const login = (why) => {
  token = "";
  sessionStorage.removeItem("token");
  main.hidden = true;
  at("login").hidden = false;
  at("refused").textContent = why;
  live("locked", "warn");
  at("token").focus();
};
at("login").addEventListener("submit", (e) => {
  e.preventDefault();
  token = at("token").value.trim();
  at("token").value = "";
  sessionStorage.setItem("token", token);
  ask();
});
const fromLink = () => {
  if (location.hash.length < 2) return false;
  token = location.hash.slice(1);
  sessionStorage.setItem("token", token);
  history.replaceState(null, "", "/"); // it stays out of the history
  return true;
};
addEventListener("hashchange", () => { if (fromLink()) ask(); });
if (!fromLink()) token = sessionStorage.getItem("token") || "";
if (token) ask(); else login("");
