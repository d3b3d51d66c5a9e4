// Menus close when something else is clicked, and with Escape. Everything works without this file, too.
document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.closest(".still") && !menu.contains(event.target)) menu.open = false;
  }
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const menu = event.target.closest && event.target.closest("details.menu[open]");
  if (menu && !menu.closest(".still")) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});
// The link of an invitation has its token behind the "#", which the browser sends to nobody: ask what it is for.
document.addEventListener("DOMContentLoaded", () => {
  const form = document.getElementById("invitation-form");
  if (!form || location.hash.length < 2) return;
  form.querySelector("#token").value = location.hash.slice(1);
  htmx.trigger(form, "found");
});
// htmx would send the address of the window with every request, what stands behind the "#" included: nobody needs it.
document.addEventListener("htmx:configRequest", (event) => {
  delete event.detail.headers["HX-Current-URL"];
});
// A page that the browser kept for "back" may be out of date: ask for it anew.
window.addEventListener("pageshow", (event) => {
  if (event.persisted) location.reload();
});
