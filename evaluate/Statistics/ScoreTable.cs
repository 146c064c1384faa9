using OfflineRL.Datasets;

namespace OfflineRL.Evaluate;

/// <summary>Turns episodes into scores by policy and task, with intervals over seeds, last and best apart.</summary>
/// <remarks>
/// A trained policy's score is the mean over episodes of one seed; seeds are the replications, however many episodes each
/// has (Agarwal et al. 2021). With a single seed, or none, the interval runs over episodes and says so: it is then about
/// this one policy and not about its algorithm.
/// </remarks>
public static class ScoreTable
{
    /// <summary>Aggregates episodes; rows in the order in which policies and tasks first appear.</summary>
    /// <param name="rows">Of one or more rollouts.</param>
    /// <param name="confidence">In (0, 1).</param>
    /// <param name="resamples">At least 1.</param>
    /// <param name="stream">Each row of the table has its own child.</param>
    public static IReadOnlyList<ScoreRow> Of(IEnumerable<RolloutRow> rows, double confidence, int resamples, RandomStream stream)
    {
        var table = new List<ScoreRow>();
        foreach (var policy in rows.GroupBy(r => (r.Algorithm, r.Policy)))
        {
            var tasks = policy.GroupBy(r => (r.Task, r.Label)).Select(g => new TaskScores(g.Key.Task, g.Key.Label, g)).ToList();
            foreach (var selection in (string[])[ScoreRow.Last, ScoreRow.Best])
            {
                var chosen = tasks.Where(t => selection == ScoreRow.Last ? t.HasLast : t.HasChoice).ToList();
                foreach (var task in chosen)
                    table.Add(Row(policy.Key, selection, task.Name, task.Label, [task]));
                var heldOut = chosen.Where(t => t.Label == "held_out").ToList();
                if (heldOut.Count > 1)
                    table.Add(Row(policy.Key, selection, ScoreRow.AllHeldOut, "held_out", heldOut));
            }
        }

        return table;

        ScoreRow Row((string Algorithm, string Policy) key, string selection, string name, string label, IReadOnlyList<TaskScores> tasks)
        {
            var overSeeds = tasks.All(t => t.Seeds > 1);
            var units = tasks.Select(t => t.Units(selection, overSeeds)).ToList();
            var child = stream.Derive($"{key.Algorithm}\n{key.Policy}\n{selection}\n{name}");
            var mean = Ends(ScoreStatistics.Mean);
            var iqm = Ends(ScoreStatistics.InterquartileMean);
            return new ScoreRow
            {
                Algorithm = key.Algorithm,
                Policy = key.Policy,
                Task = name,
                Label = label,
                Selection = selection,
                Unit = overSeeds ? "seeds" : "episodes",
                Units = units.Min(u => u.Length),
                Episodes = tasks.Sum(t => t.Episodes(selection)),
                Mean = ScoreStatistics.Mean(units),
                MeanLow = mean?.Low,
                MeanHigh = mean?.High,
                Iqm = ScoreStatistics.InterquartileMean(units),
                IqmLow = iqm?.Low,
                IqmHigh = iqm?.High,
                Min = units.Min(u => u.Min()),
                Max = units.Max(u => u.Max()),
            };

            Interval? Ends(Func<IReadOnlyList<double[]>, double> statistic) => units.All(u => u.Length > 1)
                ? Bootstrap.Percentile(Bootstrap.OverSeeds(units, statistic, resamples, child), confidence)
                : null;
        }
    }

    /// <summary>The episodes of one policy on one task, by seed and snapshot.</summary>
    sealed class TaskScores
    {
        readonly List<Snapshot> _last, _best;

        public TaskScores(string name, string label, IEnumerable<RolloutRow> rows)
        {
            (Name, Label) = (name, label);
            var seeds = rows.GroupBy(r => r.Seed).Select(seed => seed
                .GroupBy(r => (r.Step, r.IsLast))
                .Select(g => new Snapshot(g.Key.Step ?? 0, g.Key.IsLast, g.Select(r => r.Return).ToArray()))
                .ToList()).ToList();
            // Of equal means the earlier one: the first to reach it.
            _best = seeds.Select(snapshots => snapshots.OrderByDescending(s => s.Mean).ThenBy(s => s.Step).First()).ToList();
            _last = seeds.SelectMany(snapshots => snapshots.Where(s => s.IsLast)).ToList();
            HasChoice = seeds.Any(snapshots => snapshots.Count > 1);
        }

        public string Name { get; }

        public string Label { get; }

        public bool HasLast => _last.Count > 0;

        /// <summary>Whether some seed had more than one snapshot to choose from.</summary>
        public bool HasChoice { get; }

        public int Seeds => _best.Count;

        public int Episodes(string selection) => Of(selection).Sum(s => s.Returns.Length);

        public double[] Units(string selection, bool overSeeds) => overSeeds
            ? Of(selection).Select(s => s.Mean).ToArray()
            : Of(selection).SelectMany(s => s.Returns).ToArray();

        List<Snapshot> Of(string selection) => selection == ScoreRow.Last ? _last : _best;
    }

    sealed record Snapshot(int Step, bool IsLast, double[] Returns)
    {
        public double Mean { get; } = ScoreStatistics.Mean(Returns);
    }
}
