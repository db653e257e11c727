/**
 * The HTML of a Mermaid Gantt chart: bars with their names, as GitHub draws them, but without the axis. `source` is a chart of
 * the job summary: a title, and rows of `name : begin, end`.
 */
export function ganttChart(source: string, escaped: (text: string) => string): string {
  const [, title = ""] = /^\s*title (.*)$/m.exec(source) ?? [];
  const bars = [...source.matchAll(/^\s*(.+?) : (\d+), (\d+)$/gm)].map(([, name = "", begin, end]) => ({
    name,
    begin: Number(begin),
    end: Number(end),
  }));
  const first = Math.min(...bars.map(({ begin }) => begin));
  const all = Math.max(...bars.map(({ end }) => end)) - first;
  const percent = (ms: number): string => `${((100 * ms) / all).toFixed(2)}%`;
  const rows = bars.map(
    ({ name, begin, end }) =>
      `<div class="bar"><span>${escaped(name)}</span><div><i style="margin-left: ${percent(begin - first)}; width: ${percent(end - begin)}"></i></div></div>`,
  );
  return `<div class="gantt"><b>${escaped(title)}</b>${rows.join("")}</div>`;
}
