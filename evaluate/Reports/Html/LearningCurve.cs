using OfflineRL.Datasets;

namespace OfflineRL.Evaluate;

/// <summary>A point of a learning curve: a row of <c>figures/learning_curves.csv</c> and <c>.parquet</c>.</summary>
/// <param name="Algorithm">As in <see cref="RolloutRow"/>.</param>
/// <param name="Policy">As in <see cref="RolloutRow"/>.</param>
/// <param name="Task">The task's name.</param>
/// <param name="Label"><c>nominal</c>, <c>held_out</c> or <c>unknown</c>.</param>
/// <param name="Step">Training steps behind the snapshots.</param>
/// <param name="Seeds">How many seeds have one of that step.</param>
/// <param name="Mean">Mean over seeds of each one's mean return.</param>
/// <param name="Low">Ends of the bootstrap interval over seeds; null where there is one.</param>
/// <param name="High">The upper end.</param>
public sealed record LearningCurvePoint(string Algorithm, string Policy, string Task, string Label, int Step, int Seeds, double Mean, double? Low, double? High);

/// <summary>Turns episodes of several snapshots into curves over training steps.</summary>
static class LearningCurve
{
    const int Resamples = 1000;

    /// <summary>Of policies with several steps, by task and step; seeds are resampled.</summary>
    public static IReadOnlyList<LearningCurvePoint> Of(IReadOnlyList<RolloutRow> rows, double confidence, ulong seed)
    {
        var stream = RandomStream.Create(seed, "curve-bootstrap");
        var points = new List<LearningCurvePoint>();
        // Made once for each number of seeds: the bands of all points resample alike.
        var draws = new Dictionary<int, int[][]>();
        foreach (var curve in rows.Where(r => r.Step is not null).GroupBy(r => (r.Algorithm, r.Policy, r.Task, r.Label)))
        {
            var steps = curve.GroupBy(r => r.Step!.Value).OrderBy(g => g.Key).ToList();
            if (steps.Count < 2)
                continue;
            foreach (var step in steps)
            {
                var seeds = step.GroupBy(r => r.Seed).Select(s => s.Average(r => r.Return)).ToArray();
                var interval = seeds.Length > 1 ? Bootstrap.Percentile(Replicates(seeds), confidence) : Interval.None;
                points.Add(new LearningCurvePoint(curve.Key.Algorithm, curve.Key.Policy, curve.Key.Task, curve.Key.Label, step.Key, seeds.Length, seeds.Average(),
                    seeds.Length > 1 ? interval.Low : null, seeds.Length > 1 ? interval.High : null));
            }
        }

        return points;

        double[] Replicates(double[] seeds)
        {
            if (!draws.TryGetValue(seeds.Length, out var indices))
            {
                var own = stream.Derive((ulong)seeds.Length);
                draws.Add(seeds.Length, indices = [.. Enumerable.Range(0, Resamples).Select(_ => Enumerable.Range(0, seeds.Length).Select(_ => own.NextInt(seeds.Length)).ToArray())]);
            }

            return Array.ConvertAll(indices, draw => draw.Average(i => seeds[i]));
        }
    }
}
