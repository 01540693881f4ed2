// Shows the theme that was chosen before (state/theme.rs keeps it), ere anything is drawn: no flash of the other one.
try {
  const theme = localStorage.getItem("pbsweb.theme");
  if (theme) document.documentElement.dataset.theme = theme;
} catch {
  // A browser that keeps nothing follows the system.
}
