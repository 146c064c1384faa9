using OfflineRL.Datasets;
using static OfflineRL.Datasets.HtmlPage;
using static OfflineRL.Evaluate.ReportNumbers;

namespace OfflineRL.Evaluate;

/// <summary>What rollouts say: scores by policy and task, learning curves, and what is aggregated over tasks.</summary>
static class ScoreSections
{
    const int MostThresholds = 60;
    const string Curves = "figures/learning_curves", Metrics = "figures/training_metrics";

    public static void Write(ReportPage page, IReadOnlyList<RolloutRow> rollouts)
    {
        if (page.Summary.Scores.Count > 0)
            Scores(page);
        LearningCurves(page, rollouts);
        Methods(page);
    }

    static void Scores(ReportPage page)
    {
        page.Html.Heading("Scores");
        var scores = page.Summary.Scores;
        var behavior = page.Summary.BehaviorReturn;
        var plots = scores.GroupBy(s => (s.Task, s.Label)).OrderBy(g => Order(g.Key.Task, g.Key.Label)).Select(task => new Plot(
            Title(task.Key.Task, task.Key.Label),
            $"Mean return of each policy on {task.Key.Task} with its interval",
            Vega.Intervals(
                [.. task.Select(s => new IntervalMark($"{Name(page, s)}: {WithEnds(s.Mean, s.MeanLow, s.MeanHigh)}", s.Mean, s.MeanLow, s.MeanHigh, page.Style(s.Algorithm, s.Policy), s.Selection == ScoreRow.Best))],
                "mean return",
                behavior is { } log && task.Key.Label == "nominal" ? [log] : []))).ToList();
        List<PlotKey> keys = [.. scores.Select(s => (s.Algorithm, s.Policy)).Distinct().Select(p => page.Key(p.Algorithm, p.Policy))];
        if (behavior is not null && scores.Any(s => s.Label == "nominal"))
            keys.Add(new PlotKey("mean return in the log", null));
        page.Figure(
            "Mean return by policy and task",
            $"Lines are {Percent(page.Confidence)} bootstrap intervals over seeds, or over episodes where there is a single policy.{(scores.Any(s => s.Selection == ScoreRow.Best) ? " Hollow marks: the best snapshot, chosen with these very scores, and so optimistic." : "")}",
            keys,
            plots,
            "scores");
        var (success, normalized) = (scores.Any(s => s.SuccessRate is not null), scores.Any(s => s.NormalizedMean is not null));
        page.Table(
            ["policy", "task", "label", "snapshots", "mean", "interval", "IQM", "interval", "length", .. success ? ["success"] : Array.Empty<string>(), .. normalized ? ["normalized"] : Array.Empty<string>(), "over"],
            [.. scores.Select(s => (IReadOnlyList<string>)
            [
                Escape(page.Name(s.Algorithm, s.Policy)), Escape(s.Task), Escape(s.Label.Replace('_', '-')), Escape(s.Selection), Number(s.Mean), Ends(s.MeanLow, s.MeanHigh), Number(s.Iqm), Ends(s.IqmLow, s.IqmHigh), s.LengthMean is { } length ? Number(length) : "",
                .. success ? [s.SuccessRate is { } rate ? Percent(Math.Round(rate, 3)) : ""] : Array.Empty<string>(),
                .. normalized ? [s.NormalizedMean is { } score ? Number(score) : ""] : Array.Empty<string>(),
                Escape($"{Count(s.Units)} {s.Unit}"),
            ])],
            $"llllnnnnn{(success ? "n" : "")}{(normalized ? "n" : "")}l",
            "scores");
    }

    static void LearningCurves(ReportPage page, IReadOnlyList<RolloutRow> rollouts)
    {
        var rows = LearningCurve.Of(rollouts, page.Confidence, page.Summary.Seed);
        if (rows.Count == 0)
            return;
        Directory.CreateDirectory(Path.Combine(page.Folder, "figures"));
        TabularResults.Write(Path.Combine(page.Folder, Curves), rows);
        page.Html.Heading("Learning curves");
        var plots = rows.GroupBy(r => (r.Task, r.Label)).OrderBy(g => Order(g.Key.Task, g.Key.Label)).Select(task => new Plot(
            Title(task.Key.Task, task.Key.Label),
            $"Mean return on {task.Key.Task} by training steps",
            Vega.Lines(
                [.. task.GroupBy(r => (r.Algorithm, r.Policy)).Select(p => new LineSeries(page.Name(p.Key.Algorithm, p.Key.Policy), page.Style(p.Key.Algorithm, p.Key.Policy), [.. p.Select(r => ((double)r.Step, r.Mean, r.Low, r.High))]))],
                "training steps",
                "mean return",
                page.Summary.BehaviorReturn is { } log && task.Key.Label == "nominal" ? [log] : []))).ToList();
        page.Figure(
            "Return of the stored snapshots",
            $"Mean over seeds; bands are {Percent(page.Confidence)} bootstrap intervals over seeds, where there are several.{(page.Summary.BehaviorReturn is null ? "" : " Dashed: the mean return in the log.")}",
            [.. rows.Select(r => (r.Algorithm, r.Policy)).Distinct().Select(p => page.Key(p.Algorithm, p.Policy))],
            plots,
            Curves);
    }

    /// <summary>What the runs behind the policies logged, where they are at hand.</summary>
    public static void Training(ReportPage page, Workspace workspace)
    {
        var rows = TrainingCurve.Of(page.Summary.Policies, workspace);
        if (rows.Count == 0)
            return;
        Directory.CreateDirectory(Path.Combine(page.Folder, "figures"));
        TabularResults.Write(Path.Combine(page.Folder, Metrics), rows);
        page.Html.Heading("Training");
        var runs = rows.Select(r => (r.Algorithm, r.Run)).Distinct().ToList();
        page.Figure(
            "What the runs logged while they trained",
            "Mean over seeds; bands from the least to the greatest seed. Losses of different algorithms do not compare.",
            [.. runs.Select(r => new PlotKey(r.Run, Style(page, r.Algorithm, r.Run)))],
            [.. rows.GroupBy(r => r.Metric).Select(metric => new Plot(
                metric.Key,
                $"{metric.Key} by training steps",
                Vega.Lines([.. metric.GroupBy(r => (r.Algorithm, r.Run)).Select(r => new LineSeries(r.Key.Run, Style(page, r.Key.Algorithm, r.Key.Run), [.. r.Select(p => ((double)p.Step, p.Mean, (double?)p.Min, (double?)p.Max))]))], "training steps", metric.Key, [])))],
            Metrics);
    }

    static void Methods(ReportPage page)
    {
        var (aggregates, profiles, improvements) = (page.Summary.Aggregates, page.TryTable("profiles"), page.Summary.Improvements);
        if (aggregates.Count == 0 && profiles is null && improvements.Count == 0)
            return;
        page.Html.Heading("Methods over tasks and seeds");
        // Single tasks are among the scores; where there are none over several, they are all there is.
        var scopes = aggregates.Select(a => a.Scope).Concat(improvements.Select(i => i.Scope)).Distinct().ToList();
        bool Drawn(string scope) => scope == "nominal" || scope.EndsWith(" (all)", StringComparison.Ordinal) || !scopes.Any(s => s.EndsWith(" (all)", StringComparison.Ordinal));
        page.Figure(
            "Interquartile mean",
            $"Over the scores of all tasks and seeds, the lowest and highest quarter dropped; {Percent(page.Confidence)} stratified bootstrap intervals over seeds. Hollow: best snapshots, which is optimistic.",
            [.. aggregates.Select(a => a.Method).Distinct().Select(m => Method(page, m))],
            [.. aggregates.Where(a => Drawn(a.Scope)).GroupBy(a => (a.Scope, a.Scale)).Select(scope => new Plot(
                scope.Key.Scope,
                $"Interquartile mean of each method, {scope.Key.Scope}",
                Vega.Intervals([.. scope.Select(a => new IntervalMark($"{Selected(a.Method, a.Selection)}: {WithEnds(a.Iqm, a.IqmLow, a.IqmHigh)}", a.Iqm, a.IqmLow, a.IqmHigh, Method(page, a.Method).Style!.Value, a.Selection == ScoreRow.Best))], scope.Key.Scale, [])))],
            "aggregates");
        if (page.TryTable("aggregates") is { } table)
            page.Table(table.Where("scope", Drawn), "label", "algorithm", "policies");
        if (profiles is { Rows.Count: > 0 } && profiles.Has("scope", "method", "selection", "scale", "kind", "threshold", "fraction", "low", "high"))
            Profiles(page, profiles, Drawn);
        page.Figure(
            "Probability of improvement",
            "That a run of the first method scores higher than one of the second on a task drawn at random; where the interval holds a half, the order is not decided. Dashed: a half.",
            [],
            [.. improvements.Where(i => Drawn(i.Scope)).GroupBy(i => i.Scope).Select(scope => new Plot(
                scope.Key,
                $"Probability of improvement by pair of methods, {scope.Key}",
                Vega.Intervals([.. scope.Select(i => new IntervalMark($"{Selected(i.MethodX, i.SelectionX)} over {Selected(i.MethodY, i.SelectionY)}: {Share(i.Probability)}{(i.Low is { } low && i.High is { } high ? $" [{Share(low)}, {Share(high)}]" : "")}", i.Probability, i.Low, i.High, Method(page, i.MethodX).Style!.Value, i.Conclusion == "undecided"))], "probability", [0.5], isShare: true)))],
            "improvements");
        if (page.TryTable("improvements") is { } pairs)
            page.Table(pairs.Where("scope", Drawn), "label");
    }

    static void Profiles(ReportPage page, FolderTable table, Func<string, bool> drawn)
    {
        var rows = table.Rows.Select(r => (
            Scope: table.Text(r, "scope"), Method: table.Text(r, "method"), Selection: table.Text(r, "selection"), Scale: table.Text(r, "scale"), Kind: table.Text(r, "kind"),
            X: table.Number(r, "threshold"), Y: table.Number(r, "fraction"), Low: table.Number(r, "low"), High: table.Number(r, "high")))
            .Where(r => r is { X: not null, Y: not null } && r.Selection != ScoreRow.Best && drawn(r.Scope)).ToList();
        page.Figure(
            "Performance profiles",
            $"The share of scores above each threshold: higher is better, and one method is better at large only where its line is never below. Bands: {Percent(page.Confidence)} pointwise stratified bootstrap over seeds.",
            [.. rows.Select(r => r.Method).Distinct().Select(m => Method(page, m))],
            [.. rows.GroupBy(r => (r.Scope, r.Kind, r.Scale)).Select(g => new Plot(
                $"{g.Key.Scope}: {(g.Key.Kind == "run_score" ? "scores of single runs" : g.Key.Kind == "average_score" ? "means of tasks" : g.Key.Kind)}",
                $"Performance profile, {g.Key.Scope}",
                Vega.Lines([.. g.GroupBy(r => r.Method).Select(m => new LineSeries(m.Key, Method(page, m.Key).Style!.Value, Thin([.. m.Select(r => (r.X!.Value, r.Y!.Value, r.Low, r.High))])))], g.Key.Scale, "share above", [], "step-after")))],
            "profiles");
    }

    /// <summary>As many points as a line on a screen shows; the table has all.</summary>
    static List<(double, double, double?, double?)> Thin(List<(double, double, double?, double?)> points)
    {
        var every = (points.Count + MostThresholds - 1) / MostThresholds;
        return every <= 1 ? points : [.. points.Where((_, i) => i % every == 0 || i == points.Count - 1)];
    }

    /// <summary>A method is an algorithm or a run: where it is a run of this page, it has the run's style.</summary>
    static PlotKey Method(ReportPage page, string method)
    {
        var policies = page.Summary.Policies.Where(p => p.Policy == method).ToList();
        if (policies.Count == 0)
            policies = page.Summary.Policies.Where(p => p.Algorithm == method).ToList();
        return new PlotKey(method, policies.Count == 1 ? page.Style(policies[0].Algorithm, policies[0].Policy) : page.Style("", method));
    }

    /// <summary>A run has the style of the first policy that is made from it.</summary>
    public static SeriesStyle Style(ReportPage page, string algorithm, string run) =>
        page.Summary.Policies.FirstOrDefault(p => p.Algorithm == algorithm && p.Policy.Split(',', '@')[0] == run) is { } policy ? page.Style(algorithm, policy.Policy) : page.Style(algorithm, run);

    /// <summary>The nominal task first, then all held-out ones together, then each.</summary>
    public static int Order(string task, string label) => label == "nominal" ? 0 : task.StartsWith(ScoreRow.AllHeldOut, StringComparison.Ordinal) ? 1 : 2;

    public static string Title(string task, string label) => task == label || task.StartsWith(ScoreRow.AllHeldOut, StringComparison.Ordinal) ? task.Replace('_', '-') : $"{task} ({label.Replace('_', '-')})";

    static string Selected(string method, string selection) => selection == ScoreRow.Last ? method : $"{method}, {selection}";

    static string Share(double share) => share.ToString("0.##", System.Globalization.CultureInfo.InvariantCulture);

    static string Name(ReportPage page, ScoreRow s) => page.Name(s.Algorithm, s.Policy) + (s.Selection == ScoreRow.Last ? "" : $", {s.Selection}");
}
