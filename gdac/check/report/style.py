"""The style sheet of HTML pages: readable on a phone and on paper, light and dark, without a byte from elsewhere."""

from typing import Final

STYLE: Final = """
:root { color-scheme: light dark; --ink: #1b2733; --soft: #5b6b7b; --line: #d8dfe6; --paper: #ffffff; --tint: #f3f6f9;
  --error: #b3261e; --warning: #8a5a00; --advice: #0b6478; --accepted: #1d6b36; }
@media (prefers-color-scheme: dark) { :root { --ink: #e3e9ef; --soft: #9aa9b8; --line: #33404d; --paper: #12181f;
  --tint: #1b242e; --error: #ff8a80; --warning: #f0b95b; --advice: #6fcadd; --accepted: #79d293; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 64rem; padding: 1rem; font: 16px/1.5 system-ui, sans-serif; color: var(--ink);
  background: var(--paper); overflow-wrap: anywhere; }
h1 { font-size: 1.4rem; margin: .5rem 0; } h2 { font-size: 1.1rem; margin: 2rem 0 .5rem; }
p { margin: .4rem 0; } .soft { color: var(--soft); font-size: .9rem; }
code { font: .92em/1.4 ui-monospace, monospace; }
.tiles { display: flex; flex-wrap: wrap; gap: .5rem; margin: 1rem 0; padding: 0; list-style: none; }
.tiles li { flex: 1 1 7rem; padding: .6rem .8rem; background: var(--tint); border-radius: .5rem; }
.tiles b { display: block; font-size: 1.5rem; }
details { border-top: 1px solid var(--line); padding: .5rem 0; }
summary { cursor: pointer; } summary .soft { display: block; }
@media (min-width: 44rem) { summary .soft { display: inline; float: right; margin-left: 1rem; } }
ul.findings { margin: .4rem 0; padding-left: 1.1rem; } ul.findings li { margin: .5rem 0; }
.error, .rejected, .crash, .timeout { color: var(--error); } .warning { color: var(--warning); }
.advice, .skipped { color: var(--advice); } .accepted { color: var(--accepted); }
ul.findings .tag { display: block; } .tag code { white-space: nowrap; }
.tag { font-weight: 600; margin-right: .4rem; } .mend { display: block; color: var(--soft); font-size: .92rem; }
footer { margin: 2rem 0 1rem; border-top: 1px solid var(--line); padding-top: .8rem; }
@media print { details { break-inside: avoid; } }
"""
