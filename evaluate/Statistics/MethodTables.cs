using OfflineRL.Datasets;

namespace OfflineRL.Evaluate;

/// <summary>Methods compared over tasks and seeds (Agarwal et al. 2021): aggregates, probabilities of improvement, performance profiles.</summary>
/// <param name="Aggregates">One row a method, scope and selection.</param>
/// <param name="Improvements">One row a pair of methods.</param>
/// <param name="Profiles">One row a method and threshold.</param>
/// <param name="Notes">What was left out, and why.</param>
public sealed record MethodTables(IReadOnlyList<AggregateRow> Aggregates, IReadOnlyList<ImprovementRow> Improvements, IReadOnlyList<ProfileRow> Profiles, IReadOnlyList<string> Notes)
{
    // Of a profile; evenly from the lowest score to the highest.
    const int Thresholds = 101;

    /// <summary>Makes the tables; empty ones where there are neither two methods nor two tasks.</summary>
    /// <param name="rows">Of one or more rollouts.</param>
    /// <param name="references">Of the rows' environments, those that have them.</param>
    /// <param name="confidence">Of the intervals, in (0, 1).</param>
    /// <param name="resamples">At least 1.</param>
    /// <param name="stream">Each scope and method has its own child.</param>
    /// <param name="cancellation">Looked at before every method and pair.</param>
    public static MethodTables Of(IReadOnlyList<RolloutRow> rows, IReadOnlyList<ReferenceReturns> references, double confidence, int resamples, RandomStream stream, CancellationToken cancellation = default)
    {
        var notes = new List<string>();
        var tables = new MethodTables([], [], [], notes);
        if (rows.Select(r => r.Policy).Distinct().Take(2).Count() + rows.Select(r => r.Environment).Distinct().Take(2).Count() < 3)
            return tables;
        foreach (var scope in ScoreScope.All(rows, references, notes))
        {
            var methods = scope.Methods;
            var child = stream.Derive($"{scope.Name}\n{scope.Label}");
            var streams = methods.Select(m => child.Derive($"{m.Algorithm}\n{m.Name}\n{m.Selection}")).ToList();
            var thresholds = scope.Thresholds(Thresholds);
            var work = new Scope(scope, methods, streams, thresholds, confidence, resamples);
            var parts = new (AggregateRow Aggregate, List<ProfileRow> Profile)[methods.Count];
            for (var i = 0; i < methods.Count; i++)
            {
                cancellation.ThrowIfCancellationRequested();
                parts[i] = work.Method(i);
            }

            tables = tables with
            {
                Aggregates = [.. tables.Aggregates, .. parts.Select(p => p.Aggregate)],
                Profiles = [.. tables.Profiles, .. parts.SelectMany(p => p.Profile)],
                Improvements = [.. tables.Improvements, .. work.Improvements(cancellation)],
            };
        }

        return tables;
    }

    /// <summary>Writes <c>aggregates</c>, <c>improvements</c> and <c>profiles</c>, those that have rows.</summary>
    public void Write(string folder)
    {
        if (Aggregates.Count > 0)
            TabularResults.Write(Path.Combine(folder, "aggregates"), Aggregates);
        if (Improvements.Count > 0)
            TabularResults.Write(Path.Combine(folder, "improvements"), Improvements);
        if (Profiles.Count > 0)
            TabularResults.Write(Path.Combine(folder, "profiles"), Profiles);
    }

    sealed class Scope(ScoreScope scope, IReadOnlyList<ScoredMethod> methods, List<RandomStream> streams, double[] thresholds, double confidence, int resamples)
    {
        public (AggregateRow Aggregate, List<ProfileRow> Profile) Method(int index)
        {
            var method = methods[index];
            var scores = method.Scores;
            // Of one task the average-score distribution is a single step.
            var kinds = scope.Tasks.Count > 1 ? 2 : 1;
            var replicates = scores.HasSpread ? new Replicates(resamples, kinds * thresholds.Length) : null;
            var buffer = scores.Buffer();
            var fractions = new double[thresholds.Length];
            for (var b = 0; replicates is not null && b < resamples; b++)
            {
                scores.Resample(streams[index].Derive((ulong)b), buffer);
                replicates.Mean[b] = ScoreStatistics.Mean(buffer);
                replicates.Median[b] = ScoreStatistics.Median(buffer);
                replicates.Iqm[b] = ScoreStatistics.InterquartileMean(buffer);
                replicates.Gap[b] = ScoreStatistics.OptimalityGap(buffer, scope.Target ?? 0);
                for (var kind = 0; kind < kinds; kind++)
                {
                    Distribution(kind, buffer, fractions);
                    for (var k = 0; k < thresholds.Length; k++)
                        replicates.Profile[(kind * thresholds.Length) + k][b] = fractions[k];
                }
            }

            return (Aggregate(method, replicates), Profile(method, kinds, replicates));
        }

        /// <summary>All pairs whose snapshots were chosen alike: with the scores that they are compared by, or without.</summary>
        public List<ImprovementRow> Improvements(CancellationToken cancellation)
        {
            var pairs = new List<(int X, int Y, double[]? Replicates)>();
            for (var x = 0; x < methods.Count; x++)
            {
                for (var y = x + 1; y < methods.Count; y++)
                {
                    if ((methods[x].Selection == ScoreRow.Best) == (methods[y].Selection == ScoreRow.Best))
                        pairs.Add((x, y, methods[x].Scores.HasSpread && methods[y].Scores.HasSpread ? new double[resamples] : null));
                }
            }

            // The same resamples as of the aggregates: a stream's children depend on their number alone.
            var buffers = methods.Select(m => m.Scores.Buffer()).ToList();
            for (var b = 0; pairs.Count > 0 && b < resamples; b++)
            {
                cancellation.ThrowIfCancellationRequested();
                for (var i = 0; i < methods.Count; i++)
                {
                    if (methods[i].Scores.HasSpread)
                        methods[i].Scores.Resample(streams[i].Derive((ulong)b), buffers[i]);
                }

                foreach (var (x, y, replicates) in pairs)
                {
                    if (replicates is not null)
                        replicates[b] = ScoreStatistics.ProbabilityOfImprovement(buffers[x], buffers[y]);
                }
            }

            return pairs.Select(pair => Improvement(methods[pair.X], methods[pair.Y], pair.Replicates)).ToList();
        }

        AggregateRow Aggregate(ScoredMethod method, Replicates? replicates)
        {
            var scores = method.Scores.ByTask;
            var (mean, median, iqm) = (Ends(replicates?.Mean), Ends(replicates?.Median), Ends(replicates?.Iqm));
            var gap = scope.Target is null ? null : Ends(replicates?.Gap);
            return new AggregateRow
            {
                Scope = scope.Name,
                Label = scope.Label,
                Method = method.Name,
                Algorithm = method.Algorithm,
                Policies = string.Join("; ", method.Policies),
                Selection = method.Selection,
                Scale = scope.Scale,
                Tasks = scores.Length,
                SeedsMin = scores.Min(s => s.Length),
                SeedsMax = scores.Max(s => s.Length),
                Mean = ScoreStatistics.Mean(scores),
                MeanLow = mean?.Low,
                MeanHigh = mean?.High,
                Median = ScoreStatistics.Median(scores),
                MedianLow = median?.Low,
                MedianHigh = median?.High,
                Iqm = ScoreStatistics.InterquartileMean(scores),
                IqmLow = iqm?.Low,
                IqmHigh = iqm?.High,
                OptimalityTarget = scope.Target,
                OptimalityGap = scope.Target is { } target ? ScoreStatistics.OptimalityGap(scores, target) : null,
                OptimalityGapLow = gap?.Low,
                OptimalityGapHigh = gap?.High,
            };
        }

        List<ProfileRow> Profile(ScoredMethod method, int kinds, Replicates? replicates)
        {
            var rows = new List<ProfileRow>();
            var fractions = new double[thresholds.Length];
            for (var kind = 0; kind < kinds; kind++)
            {
                Distribution(kind, method.Scores.ByTask, fractions);
                for (var k = 0; k < thresholds.Length; k++)
                {
                    var ends = Ends(replicates?.Profile[(kind * thresholds.Length) + k]);
                    rows.Add(new ProfileRow
                    {
                        Scope = scope.Name,
                        Label = scope.Label,
                        Method = method.Name,
                        Selection = method.Selection,
                        Scale = scope.Scale,
                        Kind = kind == 0 ? "run_score" : "average_score",
                        Threshold = thresholds[k],
                        Fraction = fractions[k],
                        Low = ends?.Low,
                        High = ends?.High,
                    });
                }
            }

            return rows;
        }

        ImprovementRow Improvement(ScoredMethod x, ScoredMethod y, double[]? replicates)
        {
            var ends = Ends(replicates);
            return new ImprovementRow
            {
                Scope = scope.Name,
                Label = scope.Label,
                MethodX = x.Name,
                SelectionX = x.Selection,
                MethodY = y.Name,
                SelectionY = y.Selection,
                Tasks = scope.Tasks.Count,
                Probability = ScoreStatistics.ProbabilityOfImprovement(x.Scores.ByTask, y.Scores.ByTask),
                Low = ends?.Low,
                High = ends?.High,
                Conclusion = ends switch { { Low: > 0.5 } => "X better", { High: < 0.5 } => "Y better", _ => "undecided" },
            };
        }

        void Distribution(int kind, double[][] scores, double[] fractions)
        {
            if (kind == 0)
                ScoreStatistics.ScoreDistribution(scores, thresholds, fractions);
            else
                ScoreStatistics.AverageScoreDistribution(scores, thresholds, fractions);
        }

        Interval? Ends(double[]? replicates) => replicates is null ? null : Bootstrap.Percentile(replicates, confidence);
    }

    sealed class Replicates(int resamples, int points)
    {
        public double[] Mean { get; } = new double[resamples];

        public double[] Median { get; } = new double[resamples];

        public double[] Iqm { get; } = new double[resamples];

        public double[] Gap { get; } = new double[resamples];

        /// <summary>[points][resamples].</summary>
        public double[][] Profile { get; } = Enumerable.Range(0, points).Select(_ => new double[resamples]).ToArray();
    }
}
