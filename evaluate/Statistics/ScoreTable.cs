using OfflineRL.Datasets;

namespace OfflineRL.Evaluate;

/// <summary>Turns episodes into scores by policy and task, with intervals over seeds, last and best apart.</summary>
/// <remarks>
/// A trained policy's score is the mean over episodes of one seed; seeds are the replications, however many episodes each
/// has (Agarwal et al. 2021), and one seed's network meets all tasks, so that over several tasks a seed is resampled with
/// all of its scores: taking the tasks for independent would make the interval too narrow. With a single seed, or none, the interval runs over episodes and says so: it is then about
/// this one policy and not about its algorithm.
/// </remarks>
public static class ScoreTable
{
    /// <summary>Aggregates episodes; rows in the order in which policies and tasks first appear.</summary>
    /// <param name="rows">Of one or more rollouts.</param>
    /// <param name="references">Of the rows' environments, those that have them; each at most once.</param>
    /// <param name="confidence">In (0, 1).</param>
    /// <param name="resamples">At least 1.</param>
    /// <param name="stream">Each row of the table has its own child.</param>
    /// <param name="cancellation">Looked at before every resample.</param>
    public static IReadOnlyList<ScoreRow> Of(IEnumerable<RolloutRow> rows, IReadOnlyList<ReferenceReturns> references, double confidence, int resamples, RandomStream stream, CancellationToken cancellation = default)
    {
        var table = new List<ScoreRow>();
        var all = rows.ToList();
        var names = RolledOutTask.Of(all).ToDictionary(t => (t.Label, t.Environment), t => t.Name);
        var severalHeldOut = names.Keys.Where(t => t.Label == "held_out").Select(t => RolledOutTask.DefinitionOf(t.Environment)).Distinct().Skip(1).Any();
        foreach (var policy in all.GroupBy(r => (r.Algorithm, r.Policy)))
        {
            var scores = policy.GroupBy(r => (r.Label, r.Environment)).Select(g => new Scores(names[g.Key], g.Key.Label, g, references)).ToList();
            // Returns of different environments are in different units: each has its own row.
            foreach (var heldOut in policy.Where(r => r.Label == "held_out").GroupBy(r => RolledOutTask.DefinitionOf(r.Environment)))
            {
                if (heldOut.Select(r => r.Environment).Distinct().Skip(1).Any())
                    scores.Add(new Scores(severalHeldOut ? $"{ScoreRow.AllHeldOut}, {heldOut.Key}" : ScoreRow.AllHeldOut, "held_out", heldOut, references));
            }

            foreach (var score in scores.Where(s => s.IsOneNotLast))
                table.Add(Row(policy.Key.Algorithm, policy.Key.Policy, ScoreRow.Chosen, score, score.Best));
            foreach (var score in scores.Where(s => s.Last.Count > 0 && !s.IsOneNotLast))
                table.Add(Row(policy.Key.Algorithm, policy.Key.Policy, ScoreRow.Last, score, score.Last));
            foreach (var score in scores.Where(s => s.HasChoice))
                table.Add(Row(policy.Key.Algorithm, policy.Key.Policy, ScoreRow.Best, score, score.Best));
        }

        return table;

        ScoreRow Row(string algorithm, string policy, string selection, Scores scores, List<Snapshot> snapshots)
        {
            var overSeeds = snapshots.Count > 1;
            var units = Units(r => r.Return)!;
            var child = stream.Derive($"{algorithm}\n{policy}\n{selection}\n{scores.Name}");
            // First of all, in this order and from one stream: what other columns there are changes none of their digits.
            var mean = Ends(units, ScoreStatistics.Mean, child);
            var iqm = Ends(units, ScoreStatistics.InterquartileMean, child);
            var discount = scores.Discount;
            var discounted = discount is null ? null : Column("discounted", r => r.DiscountedReturn);
            var length = Column("length", r => r.Length);
            var success = Column("success", r => r.Success is { } isSuccess ? (isSuccess ? 1 : 0) : null);
            var center = ScoreStatistics.Mean(units);
            return new ScoreRow
            {
                Algorithm = algorithm,
                Policy = policy,
                Task = scores.Name,
                Label = scores.Label,
                Selection = selection,
                Unit = overSeeds ? "seeds" : "episodes",
                Units = units.Sum(u => u.Length),
                Episodes = snapshots.Sum(s => s.Episodes),
                Mean = center,
                MeanLow = mean?.Low,
                MeanHigh = mean?.High,
                Iqm = ScoreStatistics.InterquartileMean(units),
                IqmLow = iqm?.Low,
                IqmHigh = iqm?.High,
                Min = units.Min(u => u.Min()),
                Max = units.Max(u => u.Max()),
                DiscountedMean = discounted?.Mean,
                DiscountedLow = discounted?.Ends?.Low,
                DiscountedHigh = discounted?.Ends?.High,
                Discount = discount,
                LengthMean = length?.Mean,
                LengthLow = length?.Ends?.Low,
                LengthHigh = length?.Ends?.High,
                SuccessRate = success?.Mean,
                SuccessLow = success?.Ends?.Low,
                SuccessHigh = success?.Ends?.High,
                NormalizedMean = scores.References?.Normalize(center),
                NormalizedLow = mean is { } low ? scores.References?.Normalize(low.Low) : null,
                NormalizedHigh = mean is { } high ? scores.References?.Normalize(high.High) : null,
                ReferenceRandom = scores.References?.Random,
                ReferenceExpert = scores.References?.Expert,
                ReferenceSource = scores.References?.Source,
            };

            // [tasks][units] of a number that episodes have; null where one has none.
            IReadOnlyList<double[]>? Units(Func<RolloutRow, double?> number)
            {
                if (snapshots.Any(s => s.Tasks.Any(task => task.Any(r => number(r) is null))))
                    return null;
                var values = snapshots.Select(s => s.Tasks.Select(task => task.Select(r => number(r)!.Value).ToArray()).ToList()).ToList();
                return overSeeds ? [values.Select(ScoreStatistics.Mean).ToArray()] : values[0];
            }

            (double Mean, Interval? Ends)? Column(string name, Func<RolloutRow, double?> number) => Units(number) is { } values
                ? (ScoreStatistics.Mean(values), Ends(values, ScoreStatistics.Mean, child.Derive(name)))
                : null;

            Interval? Ends(IReadOnlyList<double[]> values, Func<IReadOnlyList<double[]>, double> statistic, RandomStream random) => values.All(u => u.Length > 1)
                ? Bootstrap.Percentile(Bootstrap.Stratified(values, statistic, resamples, random, cancellation), confidence)
                : null;
        }
    }

    /// <summary>One policy on one task, or on several pooled: one snapshot for each seed.</summary>
    sealed class Scores
    {
        public Scores(string name, string label, IEnumerable<RolloutRow> rows, IReadOnlyList<ReferenceReturns> references)
        {
            (Name, Label) = (name, label);
            var all = rows.ToList();
            var tasks = all.Select(r => r.Environment).Distinct().Count();
            var environments = all.Select(r => r.Environment).Distinct().ToList();
            References = environments.Count == 1 ? references.FirstOrDefault(r => r.Environment == environments[0]) : null;
            // A snapshot that was not run on every pooled task has no score over all of them.
            var seeds = all.GroupBy(r => r.Seed).Select(seed => seed
                .GroupBy(r => (r.Step, r.IsLast))
                .Select(g => new Snapshot(g.Key.Step ?? 0, g.Key.IsLast, g.GroupBy(r => r.Environment).Select(t => t.ToArray()).ToList()))
                .Where(s => s.Tasks.Count == tasks)
                .ToList()).Where(seed => seed.Count > 0).ToList();
            Discount = all.Select(r => r.Discount).Distinct().ToList() is [{ } discount] ? discount : null;
            // Of equal means the earlier one: the first to reach it.
            Best = seeds.Select(snapshots => snapshots.OrderByDescending(s => s.Mean).ThenBy(s => s.Step).First()).ToList();
            Last = seeds.SelectMany(snapshots => snapshots.Where(s => s.IsLast)).ToList();
            HasChoice = seeds.Any(snapshots => snapshots.Count > 1);
            IsOneNotLast = !HasChoice && Last.Count < seeds.Count;
        }

        public string Name { get; }

        public string Label { get; }

        /// <summary>Null where the rows are of several environments, or of one without references.</summary>
        public ReferenceReturns? References { get; }

        /// <summary>The one of all discounted returns; null where there is none, or several.</summary>
        public double? Discount { get; }

        public List<Snapshot> Last { get; }

        public List<Snapshot> Best { get; }

        /// <summary>Whether some seed had more than one snapshot to choose from.</summary>
        public bool HasChoice { get; }

        /// <summary>Whether every seed has one snapshot, not always its last: the policy's spec chose it, such as <c>@offline_best</c>.</summary>
        public bool IsOneNotLast { get; }
    }

    /// <summary>A policy's episodes [tasks][episodes] and their mean return, which weighs tasks equally.</summary>
    sealed record Snapshot(int Step, bool IsLast, IReadOnlyList<RolloutRow[]> Tasks)
    {
        public double Mean { get; } = ScoreStatistics.Mean(Tasks.Select(task => task.Select(r => r.Return).ToArray()).ToList());

        public int Episodes => Tasks.Sum(task => task.Length);
    }
}
