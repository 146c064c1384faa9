using MathNet.Numerics.Distributions;
using OfflineRL.Datasets;

namespace OfflineRL.Evaluate;

/// <summary>
/// Differences of scores between two rollouts, each with a bootstrap interval. Pairing takes out what both sides share: the training seed where
/// both have the same ones, else the start of an episode where both met the same ones.
/// </summary>
static class ScoreDifferences
{
    const string Seeds = "paired over seeds", Episodes = "paired over episodes", Independent = "independent", Apart = "intervals apart";

    /// <summary>Of every policy, task and selection that both have.</summary>
    /// <param name="before">Scores of the earlier report.</param>
    /// <param name="beforeRows">Its episodes; empty where it keeps none.</param>
    /// <param name="after">Scores of the later report.</param>
    /// <param name="afterRows">Its episodes.</param>
    /// <param name="config">Confidence, resamples, seed.</param>
    /// <param name="cancellation">Looked at before every resample.</param>
    public static IReadOnlyList<ScoreDifferenceRow> Of(IReadOnlyList<ScoreRow> before, IReadOnlyList<RolloutRow> beforeRows, IReadOnlyList<ScoreRow> after, IReadOnlyList<RolloutRow> afterRows, DiffConfig config, CancellationToken cancellation)
    {
        var stream = RandomStream.Create(config.Seed, "diff-bootstrap");
        var later = after.GroupBy(Key).ToDictionary(g => g.Key, g => g.First());
        var rows = new List<ScoreDifferenceRow>();
        var (old, @new) = (new Units(beforeRows), new Units(afterRows));
        foreach (var b in before)
        {
            if (!later.TryGetValue(Key(b), out var a))
                continue;
            var (x, y) = (old.Of(b), @new.Of(a));
            rows.Add(x is null || y is null ? FromIntervals(b, a) : FromUnits(b, a, x, y));
        }

        return rows;

        ScoreDifferenceRow FromUnits(ScoreRow b, ScoreRow a, List<Unit> x, List<Unit> y)
        {
            var (method, difference, interval, isIdentical) = Compare(x, y, stream.Derive($"{b.Algorithm}\n{b.Policy}\n{b.Task}\n{b.Selection}"));
            return Row(b, a, difference, interval, method, isIdentical) with { UnitsBefore = Count(x), UnitsAfter = Count(y) };
        }

        (string Method, double Difference, Interval? Interval, bool IsIdentical) Compare(List<Unit> x, List<Unit> y, RandomStream own)
        {
            var isIdentical = x.Count == y.Count && x.Zip(y).All(p => p.First.Seed == p.Second.Seed && Pairs(p.First, p.Second) is { } d && d.All(t => t.All(v => v == 0)));
            if (x.Count > 1 && y.Count > 1)
            {
                return x.Select(u => u.Seed).SequenceEqual(y.Select(u => u.Seed))
                    ? Paired(Seeds, [x.Zip(y, (u, v) => v.Mean - u.Mean).ToArray()])
                    : Unpaired();
            }

            return x.Count == 1 && y.Count == 1 && Pairs(x[0], y[0]) is { } pairs ? Paired(Episodes, pairs) : Unpaired();

            (string, double, Interval?, bool) Paired(string method, IReadOnlyList<double[]> differences) =>
                (method, ScoreStatistics.Mean(differences), Ends(differences, ScoreStatistics.Mean), isIdentical);

            (string, double, Interval?, bool) Unpaired()
            {
                var (first, second) = (Strata(x), Strata(y));
                return (Independent, ScoreStatistics.Mean(second) - ScoreStatistics.Mean(first),
                    Ends([.. first, .. second], s => ScoreStatistics.Mean([.. s.Skip(first.Count)]) - ScoreStatistics.Mean([.. s.Take(first.Count)])), isIdentical);
            }

            Interval? Ends(IReadOnlyList<double[]> strata, Func<IReadOnlyList<double[]>, double> statistic) => strata.All(s => s.Length > 1)
                ? Widened(Bootstrap.Percentile(Bootstrap.Stratified(strata, statistic, config.Resamples, own, cancellation), config.Confidence), statistic(strata), strata.Min(s => s.Length), config.Confidence)
                : null;
        }
    }

    /// <summary>
    /// Few units make the bootstrap too narrow: three seeds that all fell by chance, which happens one time in four, would always count as worse. Its
    /// ends are moved away from the difference by sqrt(n / (n - 1)) t / z, as in the expanded percentile interval (Hesterberg 2015).
    /// </summary>
    static Interval Widened(Interval interval, double center, int units, double confidence)
    {
        var tail = (1 + confidence) / 2;
        var factor = Math.Sqrt(units / (units - 1.0)) * StudentT.InvCDF(0, 1, units - 1, tail) / Normal.InvCDF(0, 1, tail);
        return new Interval(center - (factor * (center - interval.Low)), center + (factor * (interval.High - center)));
    }

    static int Count(List<Unit> units) => units.Count > 1 ? units.Count : units[0].Tasks.Sum(t => t.Count);

    // Seeds where there are several, else the episodes of the one policy, task by task.
    static IReadOnlyList<double[]> Strata(List<Unit> units) => units.Count > 1 ? [units.Select(u => u.Mean).ToArray()] : [.. units[0].Tasks.Select(t => t.Values.ToArray())];

    /// <summary>Differences [tasks][episodes] where both met the same starts; null where they did not.</summary>
    static List<double[]>? Pairs(Unit x, Unit y) => x.Tasks.Count == y.Tasks.Count && x.Tasks.Zip(y.Tasks).All(t => t.First.Count == t.Second.Count && t.First.Keys.All(t.Second.ContainsKey))
        ? [.. x.Tasks.Zip(y.Tasks, (s, t) => s.Select(e => t[e.Key] - e.Value).ToArray())]
        : null;

    static ScoreDifferenceRow FromIntervals(ScoreRow b, ScoreRow a)
    {
        // What lies between the intervals' far ends: 0 is outside exactly where they are apart.
        Interval? interval = b.MeanLow is { } bl && b.MeanHigh is { } bh && a.MeanLow is { } al && a.MeanHigh is { } ah ? new Interval(al - bh, ah - bl) : null;
        return Row(b, a, a.Mean - b.Mean, interval, Apart, a.Mean == b.Mean && a.Min == b.Min && a.Max == b.Max);
    }

    static ScoreDifferenceRow Row(ScoreRow b, ScoreRow a, double difference, Interval? interval, string method, bool isIdentical) => new()
    {
        Algorithm = b.Algorithm,
        Policy = b.Policy,
        Task = b.Task,
        Label = b.Label,
        Selection = b.Selection,
        Before = b.Mean,
        BeforeLow = b.MeanLow,
        BeforeHigh = b.MeanHigh,
        After = a.Mean,
        AfterLow = a.MeanLow,
        AfterHigh = a.MeanHigh,
        Difference = difference,
        Low = interval?.Low,
        High = interval?.High,
        Method = method,
        UnitsBefore = b.Units,
        UnitsAfter = a.Units,
        Conclusion = DifferenceConclusion.Of(difference, interval, isIdentical),
    };

    static (string, string, string, string, string) Key(ScoreRow s) => (s.Algorithm, s.Policy, s.Task, s.Label, s.Selection);

    /// <summary>One seed's snapshot, or the one policy without: its returns by task and start.</summary>
    sealed record Unit(long? Seed, IReadOnlyList<SortedDictionary<(long, int), double>> Tasks)
    {
        public double Mean => Tasks.Average(t => t.Values.Average());
    }

    /// <summary>The episodes behind rows of scores.</summary>
    sealed class Units(IReadOnlyList<RolloutRow> rows)
    {
        readonly ILookup<(string, string), RolloutRow> _policies = rows.ToLookup(r => (r.Algorithm, r.Policy));
        readonly Dictionary<(string Label, string Environment), string> _names = RolledOutTask.Of(rows).ToDictionary(t => (t.Label, t.Environment), t => t.Name);

        /// <summary>By seed, ascending; null where the report has no episodes of it.</summary>
        public List<Unit>? Of(ScoreRow score)
        {
            var met = _policies[(score.Algorithm, score.Policy)].Where(r => r.Label == score.Label && IsOf(score.Task, r)).ToList();
            if (met.Count == 0)
                return null;
            var tasks = met.Select(r => r.Environment).Distinct().Order(StringComparer.Ordinal).ToList();
            var seeds = met.GroupBy(r => r.Seed).OrderBy(g => g.Key).Select(seed => seed.GroupBy(r => (r.Step, r.IsLast))
                .Select(s => (s.Key.Step, s.Key.IsLast, Unit: Create(seed.Key, s, tasks)))
                .Where(s => s.Unit.Tasks.All(t => t.Count > 0)).ToList()).Where(s => s.Count > 0).ToList();
            // As the scores choose: of equal means the earlier snapshot.
            var units = seeds.Select(snapshots => score.Selection == ScoreRow.Last ? snapshots.Find(s => s.IsLast).Unit : snapshots.OrderByDescending(s => s.Unit.Mean).ThenBy(s => s.Step).First().Unit).OfType<Unit>().ToList();
            return units.Count > 0 ? units : null;
        }

        bool IsOf(string task, RolloutRow row) => task.StartsWith(ScoreRow.AllHeldOut, StringComparison.Ordinal)
            ? task == ScoreRow.AllHeldOut || task == $"{ScoreRow.AllHeldOut}, {RolledOutTask.DefinitionOf(row.Environment)}"
            : _names[(row.Label, row.Environment)] == task;

        static Unit Create(long? seed, IEnumerable<RolloutRow> rows, List<string> tasks)
        {
            var byTask = rows.ToLookup(r => r.Environment);
            return new Unit(seed, [.. tasks.Select(t => new SortedDictionary<(long, int), double>(byTask[t].DistinctBy(r => (r.RolloutSeed, r.Episode)).ToDictionary(r => (r.RolloutSeed, r.Episode), r => r.Return)))]);
        }
    }
}
