// This page is what became of a form: its draft is not needed any more.
"use strict";
try {
  if (sessionStorage.sent) delete localStorage[sessionStorage.sent];
  delete sessionStorage.sent;
} catch { /* not allowed: then there was no draft */ }
