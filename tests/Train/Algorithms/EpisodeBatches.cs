using OfflineRL.Train.Sampling;
using static TorchSharp.torch;

namespace OfflineRL.Tests.Train.Algorithms;

/// <summary>Batches of whole episodes by hand.</summary>
static class EpisodeBatches
{
    /// <summary>An episode of vectors and discrete actions. The final observation counts where the episode did not terminate.</summary>
    public sealed record Episode(float[][] Observations, long[] Actions, float[] Rewards, bool Terminated, float[] Final);

    public static EpisodeBatch Of(double discount, IReadOnlyList<Episode> episodes, Tensor? behaviorLogProbabilities = null)
    {
        var lengths = episodes.Select(e => e.Rewards.Length).ToArray();
        var rows = lengths.Sum();
        var width = episodes[0].Final.Length;
        var starts = new int[episodes.Count + 1];
        for (var e = 0; e < lengths.Length; e++)
            starts[e + 1] = starts[e] + lengths[e];
        var states = tensor(episodes.SelectMany(e => e.Observations).Concat(episodes.Select(e => e.Terminated ? new float[width] : e.Final)).SelectMany(row => row).ToArray()).reshape(rows + episodes.Count, width);
        var last = episodes.SelectMany(e => e.Rewards.Select((_, t) => t + 1 == e.Rewards.Length)).ToArray();
        var index = lengths.SelectMany((length, e) => Enumerable.Repeat((long)e, length)).ToArray();
        return new()
        {
            States = states,
            Observations = states.narrow(0, 0, rows),
            Actions = tensor(episodes.SelectMany(e => e.Actions).ToArray()),
            Rewards = tensor(episodes.SelectMany(e => e.Rewards).ToArray()),
            Discounts = tensor(index.Select((e, row) => last[row] && episodes[(int)e].Terminated ? 0f : (float)discount).ToArray()),
            Continues = tensor(last.Select(ends => ends ? 0f : 1f).ToArray()),
            BehaviorLogProbabilities = behaviorLogProbabilities ?? full(rows, (float)Math.Log(0.5)),
            EpisodeIndex = tensor(index),
            StepIndex = tensor(lengths.SelectMany(length => Enumerable.Range(0, length).Select(t => (long)t)).ToArray()),
            NextRows = tensor(index.Select((e, row) => last[row] ? rows + e : row + 1L).ToArray()),
            LastRows = tensor(starts.Skip(1).Select(end => end - 1L).ToArray()),
            Bootstraps = tensor(episodes.Select(e => e.Terminated ? 0f : 1f).ToArray()),
            Starts = starts,
            Sources = new int[episodes.Count],
            Numbers = [.. Enumerable.Range(0, episodes.Count)],
            LongestSteps = lengths.Max(),
        };
    }

    /// <summary>Three episodes of two numbers and two actions, of 3, 1 and 2 steps; the last one is cut.</summary>
    public static IReadOnlyList<Episode> Three { get; } =
    [
        new([[0.5f, -1], [1, 0.25f], [-0.75f, 0.5f]], [0, 1, 1], [1, -2, 3], true, [0, 0]),
        new([[-1, -0.5f]], [1], [0.5f], true, [0, 0]),
        new([[0.25f, 2], [-1.5f, 1]], [0, 0], [2, 1], false, [0.75f, 0.75f]),
    ];
}
