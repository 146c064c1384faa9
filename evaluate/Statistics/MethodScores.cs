using OfflineRL.Datasets;

namespace OfflineRL.Evaluate;

/// <summary>
/// One method's scores on a set of tasks, with what the bootstrap resamples: the seeds of each of its runs, a seed with all of its scores.
/// </summary>
/// <remarks>
/// Where each task has runs of its own this is the stratified bootstrap of Agarwal et al. 2021, section 4.1: seeds within tasks. Where one network
/// met several tasks, such as the held-out variants of an environment, its scores on them stay together, for they are not independent.
/// </remarks>
sealed class MethodScores
{
    readonly IReadOnlyList<Run> _runs;

    /// <param name="tasks">How many tasks there are.</param>
    /// <param name="runs">Every task in at least one of them.</param>
    public MethodScores(int tasks, IReadOnlyList<Run> runs)
    {
        _runs = runs;
        var lists = Enumerable.Range(0, tasks).Select(_ => new List<double>()).ToArray();
        foreach (var run in runs)
        {
            foreach (var seed in run.Scores)
            {
                for (var i = 0; i < run.Tasks.Count; i++)
                    lists[run.Tasks[i]].Add(seed[i]);
            }
        }

        ByTask = lists.Select(scores => scores.Order().ToArray()).ToArray();
    }

    /// <summary>[tasks][seeds], each task's scores rising.</summary>
    public double[][] ByTask { get; }

    /// <summary>Whether every run has at least two seeds, so that resampling says something.</summary>
    public bool HasSpread => _runs.All(run => run.Scores.Count > 1);

    /// <summary>Draws as many seeds of each run as it has, with replacement; afterwards each task's scores rise again.</summary>
    /// <param name="draw">What the draws come from.</param>
    /// <param name="resample">Of the shape of <see cref="ByTask"/>; overwritten.</param>
    public void Resample(RandomStream draw, double[][] resample)
    {
        var filled = new int[resample.Length];
        foreach (var run in _runs)
        {
            for (var i = 0; i < run.Scores.Count; i++)
            {
                var seed = run.Scores[draw.NextInt(run.Scores.Count)];
                for (var j = 0; j < run.Tasks.Count; j++)
                {
                    var task = run.Tasks[j];
                    resample[task][filled[task]++] = seed[j];
                }
            }
        }

        foreach (var task in resample)
            Array.Sort(task);
    }

    /// <summary>Something of the shape of <see cref="ByTask"/>.</summary>
    public double[][] Buffer() => ByTask.Select(task => new double[task.Length]).ToArray();

    /// <summary>The seeds of one training run on the tasks that they met.</summary>
    /// <param name="Tasks">Their indices.</param>
    /// <param name="Scores">[seeds][tasks of the run].</param>
    public sealed record Run(IReadOnlyList<int> Tasks, IReadOnlyList<double[]> Scores);
}
