using OfflineRL.Datasets;
using OfflineRL.Train.WorldModels;
using static OfflineRL.Datasets.HtmlPage;
using static OfflineRL.Evaluate.ReportNumbers;

namespace OfflineRL.Evaluate;

/// <summary>World models: how wrong they are on held-out episodes, whether their spread is right, what they see and dream.</summary>
static class ModelSections
{
    const string Figures = "figures/";

    static readonly string[] Targets = ["observation", "reward", "continuation"];

    /// <summary>The models of the runs behind policies, where they are at hand.</summary>
    public static void OfRuns(ReportPage page, Workspace workspace)
    {
        var models = ModelTables.Behind(page.Summary.Policies, workspace);
        if (models.Models.Count == 0)
            return;
        models.Write(page.Folder, Figures);
        Write(page, models, Figures);
    }

    /// <summary>Everything of some models, whose tables the folder has.</summary>
    /// <param name="page">The report.</param>
    /// <param name="models">Not empty.</param>
    /// <param name="prefix">Of the tables' names.</param>
    public static void Write(ReportPage page, ModelTables models, string prefix)
    {
        page.Html.Heading(models.Models.Select(m => m.Run).Distinct().Count() == 1 ? "World model" : "World models");
        Pictures(page, models);
        Errors(page, models, prefix);
        Calibration(page, models, prefix);
        page.Html.Heading("Stored models");
        page.Table(page.TryTable(prefix + ModelTables.ModelsTable)!, "content_hash");
    }

    /// <summary>What the newest models are worth, a sentence for each run.</summary>
    public static IEnumerable<string> InWords(ModelTables models)
    {
        foreach (var run in models.Models.Where(m => m.IsLast).GroupBy(m => m.Run))
        {
            var (first, errors) = (run.First(), models.Errors.Where(e => e.IsLast && e.Run == run.Key && e.Dimension is null).ToList());
            var text = $"<b>{Escape(run.Key)}</b> ({Escape(first.Algorithm)}, {Escape(first.Kind)}{(first.Encoder == WorldModelConfig.Identity ? ", encoder identity" : "")}) learned from {Escape(first.Dataset)}; {(run.Count() == 1 ? "one seed" : $"{Count(run.Count())} seeds")}";
            text += first.MeasuredOn is { } part ? $", measured on its part '{Escape(part)}'." : ", not measured.";
            foreach (var target in errors.GroupBy(e => e.Target))
            {
                var (near, far) = (target.Where(e => e.Horizon == target.Min(t => t.Horizon)).ToList(), target.Where(e => e.Horizon == target.Max(t => t.Horizon)).ToList());
                if (Ratio(near) is { } now && Ratio(far) is { } later)
                    text += $" Of the {Escape(target.Key)}, its error is <b>{Number(now)}</b> times that of persistence {Steps(near[0].Horizon)} ahead{(far[0].Horizon == near[0].Horizon ? "" : $", and {Number(later)} times {Steps(far[0].Horizon)} ahead")}.";
            }

            var horizons = run.Select(m => m.Horizon).Distinct().Order().ToList();
            yield return text + $" Dreams go {(horizons.Count == 1 ? Steps(horizons[0]) : $"{horizons[0]} to {Steps(horizons[^1])}")}.";
        }
    }

    static void Errors(ReportPage page, ModelTables models, string prefix)
    {
        var all = models.Errors.Where(e => e.Dimension is null && e.ErrorOverPersistence > 0).ToList();
        ByHorizon(
            page,
            "Held-out error by steps ahead",
            "Root mean square error of the newest models over that of persistence: the last observation, the reward before, \"it goes on\". Means over seeds, bands from the least to the greatest. Below the dashed line the model is better than persistence.",
            [.. all.Where(e => e.IsLast).Select(e => (e.Algorithm, e.Run, e.Target, e.Horizon, e.ErrorOverPersistence!.Value))],
            "error / persistence",
            prefix + ModelTables.ErrorTable);
        WhileLearning(page, all, prefix + ModelTables.ErrorTable);
        if (models.Errors.Count == 0)
        {
            page.Html.Paragraph("The errors of these models were not measured: guard.held_out_transitions was 0.");
            return;
        }

        page.Table(
            ["run", "seed", "what", "number", "steps ahead", "predictions", "error", "persistence", "spread", "error / persistence", "error / spread"],
            [.. InOrder(models.Errors.Where(e => e.IsLast), e => (e.Run, e.Target, e.Dimension, e.Horizon)).Select(e => (IReadOnlyList<string>)
            [
                Escape(e.Run), Count(e.Seed), Escape(e.Target), e.Dimension is { } d ? Count(d) : "", Count(e.Horizon), Count(e.Count), Digits(e.Error), Digits(e.Persistence), Digits(e.Spread), Digits(e.ErrorOverPersistence), Digits(e.ErrorOverSpread),
            ])],
            "lnlnnnnnnnn",
            prefix + ModelTables.ErrorTable);
    }

    static void WhileLearning(ReportPage page, List<ReportedModelError> errors, string table)
    {
        var runs = errors.GroupBy(e => (e.Algorithm, e.Run)).Where(run => run.Select(e => e.Step).Distinct().Count() > 1).ToList();
        var horizons = runs.SelectMany(run => run).Select(e => e.Horizon).Distinct().Order().ToList();
        page.Figure(
            "Held-out error while the models learned",
            "Of every stored model; means over seeds, bands from the least to the greatest.",
            [.. horizons.Select((k, i) => new PlotKey($"{Steps(k)} ahead", new SeriesStyle(i)))],
            [.. runs.SelectMany(run => run.GroupBy(e => e.Target).Select(target => new Plot(
                runs.Count == 1 ? target.Key : $"{run.Key.Run}: {target.Key}",
                $"Held-out error of the {target.Key} by training steps of {run.Key.Run}",
                Vega.Lines(
                    [.. target.GroupBy(e => e.Horizon).OrderBy(k => k.Key).Select(k => new LineSeries($"{Steps(k.Key)} ahead", new SeriesStyle(horizons.IndexOf(k.Key)), Points(k.Select(e => (e.Step, e.ErrorOverPersistence!.Value)))))],
                    "training steps",
                    "error / persistence",
                    [1],
                    logarithmic: true))))],
            table);
    }

    static void Calibration(ReportPage page, ModelTables models, string prefix)
    {
        var rows = InOrder(models.Calibration.Where(c => c.IsLast), c => (c.Run, c.Target, c.Dimension, c.Horizon)).ToList();
        if (rows.Count == 0)
            return;
        ByHorizon(
            page,
            "Is the predicted spread right?",
            "Variance of (value - mean) / deviation, mean and deviation being those of dreams drawn from the same states with the same actions. Dashed: 1, where it is right. Above it the model is too sure, below it too careful.",
            [.. rows.Where(c => c.Dimension is null && c.ZVariance > 0).Select(c => (c.Algorithm, c.Run, c.Target, c.Horizon, c.ZVariance))],
            "variance of z",
            prefix + ModelTables.CalibrationTable);
        page.Table(
            ["run", "seed", "what", "number", "steps ahead", "predictions", "within 50 %", "within 80 %", "within 95 %", "mean of z", "variance of z"],
            [.. rows.Select(c => (IReadOnlyList<string>)
            [
                Escape(c.Run), Count(c.Seed), Escape(c.Target), c.Dimension is { } d ? Count(d) : "", Count(c.Horizon), Count(c.Count), Digits(c.Within50), Digits(c.Within80), Digits(c.Within95), Digits(c.ZMean), Digits(c.ZVariance),
            ])],
            "lnlnnnnnnnn",
            prefix + ModelTables.CalibrationTable);
    }

    static void ByHorizon(ReportPage page, string title, string caption, IReadOnlyList<(string Algorithm, string Run, string Target, int Horizon, double Value)> values, string axis, string table) => page.Figure(
        title,
        caption,
        [.. values.Select(v => (v.Algorithm, v.Run)).Distinct().Select(r => new PlotKey(r.Run, ScoreSections.Style(page, r.Algorithm, r.Run)))],
        [.. values.GroupBy(v => v.Target).Select(target => new Plot(
            target.Key,
            $"{title}: {target.Key}",
            Vega.Lines(
                [.. target.GroupBy(v => (v.Algorithm, v.Run)).Select(r => new LineSeries(r.Key.Run, ScoreSections.Style(page, r.Key.Algorithm, r.Key.Run), Points(r.Select(v => (v.Horizon, v.Value)))))],
                "steps ahead",
                axis,
                [1],
                logarithmic: true)))],
        table);

    static void Pictures(ReportPage page, ModelTables models)
    {
        // Of each run's first seed; those of the others look alike, and there may be many.
        var shown = models.Pictures.DistinctBy(p => p.Run).ToList();
        string[] files = [.. shown.SelectMany(p => ModelTables.PictureFiles, (p, file) => $"{ModelTables.PictureFolder}/{p.Name}-{file}").Where(file => File.Exists(Path.Combine(page.Folder, file)))];
        if (files.Length > 0)
        {
            page.Html.Html("<h3>What the models see and dream</h3>\n");
            page.Html.Paragraph("Dreams: the first steps of a held-out episode as they were, decoded from their own code, and dreamed from the first with the recorded actions. Traversals: one held-out state, decoded with one variable of its code after the other moved; beside each stands how much it varies over held-out states." +
                (shown.Count < models.Pictures.Count ? $" Pictures of the other seeds lie in {ModelTables.PictureFolder}/." : ""), "soft");
            PictureSection.Show(page, files, "What a world model sees", "pictures whole");
        }

        var without = models.Models.Where(m => m.Encoder == WorldModelConfig.Identity).Select(m => m.Run).Distinct().ToList();
        if (without.Count > 0)
            page.Html.Paragraph($"There is no traversal of {string.Join(", ", without)}: the latent state is the observation itself, and has no code to move.", "soft");
    }

    static IReadOnlyList<(double, double, double?, double?)> Points(IEnumerable<(int X, double Y)> values) =>
        [.. values.GroupBy(v => v.X).OrderBy(x => x.Key).Select(x => ((double)x.Key, x.Average(v => v.Y), (double?)x.Min(v => v.Y), (double?)x.Max(v => v.Y)))];

    // Of all numbers of an observation first, then of each; seeds side by side.
    static IEnumerable<T> InOrder<T>(IEnumerable<T> rows, Func<T, (string Run, string Target, int? Dimension, int Horizon)> key) =>
        rows.GroupBy(key).OrderBy(g => g.Key.Dimension is not null).ThenBy(g => g.Key.Run, StringComparer.Ordinal).ThenBy(g => Array.IndexOf(Targets, g.Key.Target)).ThenBy(g => g.Key.Dimension).ThenBy(g => g.Key.Horizon).SelectMany(g => g);

    static double? Ratio(IReadOnlyList<ReportedModelError> errors) => errors.Average(e => e.ErrorOverPersistence);

    static string Steps(int count) => count == 1 ? "1 step" : $"{Count(count)} steps";

    // Errors are small numbers, of which three digits are read.
    static string Digits(double? value) => value is not { } v ? "" : v == 0 ? "0" : v.ToString(Math.Abs(v) is >= 0.001 and < 10_000 ? Math.Abs(v) < 10 ? "0.####" : "0.#" : "0.##e+0", System.Globalization.CultureInfo.InvariantCulture);
}
