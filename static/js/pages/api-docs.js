/**
 * The API's documentation in the dark: Swagger UI has a dark dress, and leaves it to the page when it is worn.
 */

const dark = window.matchMedia("(prefers-color-scheme: dark)");

function dress() {
  document.documentElement.classList.toggle("dark-mode", dark.matches);
}

dark.addEventListener("change", dress);
dress();
