// A .md or .txt file dropped on the notes, or chosen, is added to them. Without us it is uploaded.
"use strict";
(() => {
  const notes = document.querySelector("textarea[data-drop]");
  const file = document.querySelector('input[type="file"]');
  if (!notes || !file) return;
  const told = document.getElementById("dropped");
  const MOST = 200 * 1024;

  const take = async (chosen) => {
    if (!chosen) return;
    if (!/\.(md|markdown|txt)$/i.test(chosen.name)) told.textContent = "Only .md and .txt files.";
    else if (chosen.size > MOST) told.textContent = "This file is over 200 KB.";
    else {
      const text = await chosen.text();
      notes.value = [notes.value.trimEnd(), text].filter(Boolean).join("\n\n");
      notes.dispatchEvent(new Event("input", { bubbles: true }));
      told.textContent = `Added ${chosen.name} to your notes.`;
    }
    file.value = "";
  };

  file.addEventListener("change", () => take(file.files[0]));
  for (const kind of ["dragenter", "dragover"]) {
    notes.addEventListener(kind, (event) => {
      if (!event.dataTransfer.types.includes("Files")) return;
      event.preventDefault();
      notes.classList.add("over");
    });
  }
  for (const kind of ["dragleave", "drop"]) {
    notes.addEventListener(kind, () => notes.classList.remove("over"));
  }
  notes.addEventListener("drop", (event) => {
    if (!event.dataTransfer.files.length) return;
    event.preventDefault();
    take(event.dataTransfer.files[0]);
  });
})();
