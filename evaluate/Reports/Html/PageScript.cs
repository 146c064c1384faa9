namespace OfflineRL.Evaluate;

/// <summary>What a report's page has beside its text: the style of figures, and the script that draws them.</summary>
static class PageScript
{
    // Okabe and Ito's colors; on white, yellow gives way to a brown and black to the ink, and on dark blue and green are lighter.
    public const string Style = """
        :root { --c0: #0072b2; --c1: #d55e00; --c2: #009e73; --c3: #b5548c; --c4: #c58800; --c5: #3c9fd8; --c6: #7a5c3e; --c7: #4a4f57; --good: #00704f; }
        @media screen and (prefers-color-scheme: dark) { :root { --c0: #4da3e0; --c1: #f0803c; --c2: #2cc39a; --c3: #dd8fba; --c4: #e6b23c; --c5: #8fd0f5; --c6: #c2a07d; --c7: #c3c8d0; --good: #4fd0a5; } }
        figure { margin: 0 0 24px; } figcaption { color: var(--soft); font-size: 13px; margin-top: 8px; overflow-wrap: anywhere; }
        h4 { font-size: 13px; font-weight: 600; margin: 0 0 6px; overflow-wrap: anywhere; }
        a { color: inherit; }
        .plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 420px), 1fr)); gap: 12px; }
        .plots.one { max-width: 720px; } .plots .card { min-width: 0; }
        .plot { min-height: 60px; } .plot svg { display: block; max-width: 100%; height: auto; } .vega-embed { width: 100%; }
        .plot .role-mark text { paint-order: stroke; stroke: var(--card); stroke-width: 4px; stroke-linejoin: round; }
        .keys { display: flex; flex-wrap: wrap; gap: 4px 18px; margin: 0 0 10px; font-size: 13px; }
        .key { display: inline-flex; align-items: center; gap: 6px; overflow-wrap: anywhere; min-width: 0; } .key svg { flex: none; }
        .headline { border-left: 4px solid var(--bar); } .headline p { font-size: 16px; margin: 4px 0 10px; } .headline p:last-child { margin-bottom: 0; }
        .verdict { display: inline-block; border: 1px solid currentColor; border-radius: 6px; padding: 0 7px; font-size: 13px; font-weight: 600; white-space: nowrap; }
        .verdict.good { color: var(--good); } .verdict.weak { color: var(--warn); } .verdict.bad { color: var(--error); }
        td .verdict { margin-right: 4px; }
        .pictures { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 240px), 1fr)); gap: 12px; }
        .pictures.whole { grid-template-columns: minmax(0, 1fr); } .pictures.whole .card { overflow-x: auto; }
        .pictures img { max-width: 100%; height: auto; display: block; image-rendering: auto; }
        .pictures.whole img { max-width: max(100%, 640px); }
        .note { border-left: 4px solid var(--warn); }
        #vg-tooltip-element { font-size: 12px; max-width: 90vw; overflow-wrap: anywhere; }
        .card + .soft { margin-top: 6px; font-size: 13px; }
        @media print { .pictures.whole img { max-width: 100%; } .verdict { font-size: 9px; padding: 0 4px; } td.wide { min-width: 110px; } .plots { grid-template-columns: 1fr 1fr; } .plots.one { max-width: 420px; grid-template-columns: 1fr; } .plots .card, .pictures .card, .headline { break-inside: avoid; } .card { padding: 8px 10px; } .headline p { font-size: 12px; } a { text-decoration: none; } }
        """;

    // 'ast' has expressions interpreted: the page's policy forbids making code from text. The loader refuses everything; the policy would too.
    public const string Text = """
        (function () {
          const shared = {
            background: null, font: 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif', view: { stroke: null },
            axis: { labelColor: 'var(--soft)', titleColor: 'var(--soft)', gridColor: 'var(--line)', domainColor: 'var(--line)', tickColor: 'var(--line)', labelFontSize: 12, titleFontSize: 12, titleFontWeight: 'normal', labelOverlap: true }
          };
          const refuse = () => Promise.reject(new Error('nothing is fetched'));
          const views = [];
          const room = element => Math.max(160, Math.floor(element.clientWidth));
          const plots = [...document.querySelectorAll('.plot')].map(element => {
            const spec = JSON.parse(document.getElementById(element.dataset.spec).textContent);
            return vegaEmbed(element, { width: room(element), autosize: { type: 'fit-x', contains: 'padding' }, padding: 2, ...spec, config: shared },
              { actions: false, renderer: 'svg', ast: true, mode: 'vega-lite', defaultStyle: false, loader: { load: refuse, sanitize: refuse, http: refuse, file: refuse } })
              .then(result => { views.push([element, result.view]); })
              .catch(e => { console.error(e); element.textContent = 'This plot could not be drawn: ' + e.message; });
          });
          Promise.all(plots).then(() => { document.documentElement.dataset.plots = 'drawn'; });
          const fit = width => views.forEach(([element, view]) => { view.width(width || room(element)).run(); });
          let waiting = 0;
          addEventListener('resize', () => { clearTimeout(waiting); waiting = setTimeout(fit, 150, 0); });
          // Two beside each other on paper, drawn for it: shrunk ones would have letters too small to read.
          addEventListener('beforeprint', () => { document.querySelectorAll('details').forEach(d => { d.open = true; }); fit(300); });
          addEventListener('afterprint', () => fit(0));
        })();
        """;
}
