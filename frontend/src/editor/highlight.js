import { HighlightStyle } from "@codemirror/language";
import { tags as t } from "@lezer/highlight";

// The colours are the theme's own variables, so that both themes share one style.
export const highlight = HighlightStyle.define([
  { tag: [t.keyword, t.operatorKeyword, t.modifier, t.controlKeyword, t.definitionKeyword, t.moduleKeyword], color: "var(--code-keyword)" },
  { tag: [t.string, t.special(t.string), t.regexp], color: "var(--code-string)" },
  { tag: [t.number, t.bool, t.null, t.atom], color: "var(--code-number)" },
  { tag: [t.comment, t.lineComment, t.blockComment], color: "var(--code-comment)" },
  { tag: [t.function(t.variableName), t.function(t.definition(t.variableName)), t.definition(t.className), t.className], color: "var(--code-name)" },
  { tag: [t.propertyName, t.attributeName, t.function(t.propertyName)], color: "var(--code-property)" },
  { tag: t.invalid, color: "var(--bad)" },
]);
