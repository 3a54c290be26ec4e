// The status page's style sheet.
#pragma once

#include <string_view>

namespace elile::exporter::page {

// In both colour schemes text has a contrast of at least 4.5:1, and bars and lines with a meaning
// 3:1. Where a wide table has no room, each of its rows becomes a card: a grid of labelled values.
inline constexpr std::string_view kPageStyle = R"css(
:root{color-scheme:light dark;--page:#fff;--ink:#1c2126;--muted:#59626d;--line:#dde2e7;
--band:#f5f7f9;--link:#0b57a4;--ok:#17663a;--warn:#8a4b00;--bad:#b0251d;--bar:#5b87b5;--mark:#c2410c;
--active:#2b6cb0;--idle:#7d8996;--idle-in-transaction:#b7791f;--idle-in-transaction-aborted:#c53030;
--fastpath-function-call:#7c5cbf;--unknown:#4a5560}
@media screen and (prefers-color-scheme:dark){:root{--page:#15181c;--ink:#dce1e6;--muted:#9ba5b0;
--line:#2c323a;--band:#1c2026;--link:#79b3f0;--ok:#62c78d;--warn:#e3a44c;--bad:#f38b82;--bar:#5a8fc4;
--mark:#f0833a;--active:#5a9be0;--idle:#6f7b88;--idle-in-transaction:#d69a3a;
--idle-in-transaction-aborted:#ea6a62;--fastpath-function-call:#a58be0;--unknown:#b6c0ca}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%;text-size-adjust:100%}
body{margin:0 auto;max-width:100rem;padding:1rem 1.5rem 2rem;background:var(--page);color:var(--ink);
font:.875rem/1.45 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",sans-serif;
font-variant-numeric:tabular-nums}
a{color:var(--link)}
h1{font-size:1.375rem;line-height:1.3;margin:0;display:flex;flex-wrap:wrap;align-items:center;
gap:.25rem .75rem}
h2{font-size:1rem;margin:0 0 .5rem}
section,footer{border-top:1px solid var(--line);margin-top:1.25rem;padding-top:.9rem}
section{overflow-x:auto}
p{margin:.4rem 0;max-width:56rem;overflow-wrap:anywhere}
.role{font-weight:400;color:var(--muted)}
.state{font-size:.875rem;border:1px solid;border-radius:.2rem;padding:0 .5rem}
.ok{color:var(--ok)}.warn{color:var(--warn)}.bad{color:var(--bad)}
.alert{border-left:3px solid;padding-left:.6rem}
.note,caption,dt,.zero{color:var(--muted)}
.facts{display:flex;flex-wrap:wrap;gap:.1rem 1.5rem;margin:.5rem 0 0;padding:0;list-style:none}
.facts div{display:flex;gap:.4rem}
dl,dd{margin:0}
.figures{display:grid;grid-template-columns:repeat(4,minmax(0,15rem));gap:.75rem 1.5rem}
.figures dd:nth-of-type(1){font-size:1.375rem;line-height:1.3}
.figures small{font-size:.875rem;color:var(--muted)}
.side{display:flex;flex-wrap:wrap;gap:.5rem 3rem;align-items:flex-start}
table{border-collapse:collapse;margin-top:.6rem}
caption{text-align:left;padding-bottom:.25rem}
th,td{text-align:left;vertical-align:baseline;padding:.2rem 1rem .2rem 0}
th:last-child,td:last-child{padding-right:0}
thead th{color:var(--muted);font-weight:400;white-space:nowrap;border-bottom:1px solid var(--line)}
tbody tr+tr>*{border-top:1px solid var(--line)}
tbody th{font-weight:600}
.number{text-align:right;white-space:nowrap}
.name,.statement{overflow-wrap:anywhere}
.name{white-space:pre-wrap;min-width:6rem}
.database{white-space:pre-wrap;overflow-wrap:break-word;max-width:11rem}
.wide{width:100%}
.picture{width:9rem;vertical-align:middle}
svg{display:block}
.latency{width:8.5rem;height:1.7rem}
.latency .bars{fill:var(--bar)}
.latency path{fill:none;stroke-width:1}
.latency .scale{stroke:var(--line)}
.latency .p95{stroke:var(--mark);stroke-width:1.5}
.sessions{width:100%;height:.9rem;background:var(--band);border:1px solid var(--line);margin:.3rem 0}
.key{display:inline-block;width:.7em;height:.7em;margin-right:.35em}
.active{background:var(--active);fill:var(--active)}.idle{background:var(--idle);fill:var(--idle)}
.idle-in-transaction{background:var(--idle-in-transaction);fill:var(--idle-in-transaction)}
.idle-in-transaction-aborted{background:var(--idle-in-transaction-aborted);
fill:var(--idle-in-transaction-aborted)}
.fastpath-function-call{background:var(--fastpath-function-call);fill:var(--fastpath-function-call)}
.unknown{background:var(--unknown);fill:var(--unknown)}
.key,.sessions{print-color-adjust:exact;-webkit-print-color-adjust:exact}
code{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;
font-size:.8125rem}
.statement{font-weight:400;min-width:20rem}
.statement code{display:block;white-space:pre-wrap;tab-size:4}
.own{display:grid;grid-template-columns:minmax(0,max-content) max-content minmax(0,1fr);
gap:.15rem 1.25rem}
.own div{display:contents}
.own dt{color:var(--ink);overflow-wrap:anywhere}
@media (max-width:72rem){
.cards,.cards tbody,.cards caption{display:block}
.cards thead{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
.cards tr{display:grid;grid-template-columns:repeat(auto-fill,minmax(5rem,1fr));gap:.25rem .75rem;
padding:.5rem 0;border-top:1px solid var(--line)}
.cards tbody tr>*{display:block;border:0;padding:0;text-align:left;min-width:0;max-width:none;width:auto}
.cards tbody th{grid-column:1/-1;order:-1}
.cards td::before{content:attr(data-label);display:block;font-size:.75rem;color:var(--muted)}
.cards td.name{grid-column:span 2}
.cards .late{order:1}
.pictured tbody th{grid-column:1/-3}
.cards tbody .picture{grid-column:-3/-1;order:-1;justify-self:end}
.cards tbody .picture::before{content:none}
.own{grid-template-columns:minmax(0,1fr) max-content}
.own dd:last-child{grid-column:1/-1;margin-bottom:.35rem}
}
@media (max-width:40rem){
body{padding:.75rem .75rem 1.5rem}
th,td{padding-right:.6rem}
.name{min-width:5rem}
.database{max-width:6.5rem}
.pictured tr{grid-template-columns:repeat(4,1fr)}
.pictured .queries{grid-column:span 2}
.figures{grid-template-columns:repeat(2,minmax(0,1fr))}
}
@media print{body{max-width:none;padding:0;font-size:.75rem}nav,.reload{display:none}section{overflow:visible}
tr,.figures div{break-inside:avoid}h2,caption{break-after:avoid}}
)css";

}  // namespace elile::exporter::page
