using OfflineRL.Datasets;

namespace OfflineRL.Tests.Datasets.Sampling;

/// <summary>How an episode of a test ends.</summary>
enum End
{
    /// <summary>In a terminal state that is stored.</summary>
    Terminated,

    /// <summary>In a terminal state that the source did not have.</summary>
    TerminatedUnseen,

    /// <summary>Cut, with the observation after it.</summary>
    Cut,

    /// <summary>Cut, and nobody knows what came.</summary>
    CutUnseen,
}

/// <summary>Small datasets whose numbers say where they come from: the observation of episode e, step t is (e, t), and of its end (e, T).</summary>
sealed class EpisodeData : IDisposable
{
    public TestWorkspace Workspace { get; } = new();

    public void Dispose() => Workspace.Dispose();

    /// <summary>Rewards and end of each episode; the action of step t is (e + t) mod 3.</summary>
    public TrainingColumns Write(string name, IReadOnlyList<(double[] Rewards, End End)> episodes, bool masks = false, SplitRule? split = null)
    {
        using (var writer = DatasetWriter.Create(Workspace.Workspace, name, new DatasetDescription
        {
            ObservationSpace = BoxSpace.Unbounded(2),
            ActionSpace = new DiscreteSpace(3),
            HasActionMask = masks,
            Split = split ?? SplitRule.AllTrain,
        }))
        {
            for (var e = 0; e < episodes.Count; e++)
            {
                var (rewards, end) = episodes[e];
                var steps = rewards.Length;
                var first = e;
                writer.WriteEpisode(new EpisodeColumns
                {
                    Key = $"{name}/{e}",
                    BehaviorPolicy = "x",
                    Observations = Enumerable.Range(0, steps).SelectMany(t => new float[] { first, t }).ToArray(),
                    DiscreteActions = Enumerable.Range(0, steps).Select(t => (first + t) % 3).ToArray(),
                    Rewards = rewards,
                    Terminated = end is End.Terminated or End.TerminatedUnseen,
                    Truncated = end is End.Cut or End.CutUnseen,
                    FinalObservation = end is End.Terminated or End.Cut ? new float[] { e, steps } : [],
                    ActionMasks = masks ? Enumerable.Repeat(true, 3 * steps).ToArray() : [],
                });
            }

            writer.Commit();
        }

        return Dataset.Open(Workspace.Workspace, name).Compile(NullProgress.Instance);
    }

    /// <summary>Episodes of the same length with the rewards 10 e + t, and ends in turn.</summary>
    public TrainingColumns Write(string name, int episodes, int steps, params End[] ends) => Write(name,
        [.. Enumerable.Range(0, episodes).Select(e => (Enumerable.Range(0, steps).Select(t => (10.0 * e) + t).ToArray(), ends[e % ends.Length]))]);

    /// <summary>Frames of 84 x 84 bytes, random but for the first two numbers, which are episode and step.</summary>
    public TrainingColumns WriteFrames(string name, int episodes, int steps, IReadOnlyList<int>? shape = null)
    {
        BoxSpace space = new(shape ?? [84, 84], new double[FrameBytes], [.. Enumerable.Repeat(255.0, FrameBytes)], ElementType.UInt8);
        var random = RandomStream.Create(3, name);
        using (var writer = DatasetWriter.Create(Workspace.Workspace, name, new DatasetDescription { ObservationSpace = space, ActionSpace = new DiscreteSpace(2) }))
        {
            for (var e = 0; e < episodes; e++)
            {
                var frames = new byte[(steps + 1) * FrameBytes];
                foreach (ref var value in frames.AsSpan())
                    value = (byte)random.NextInt(256);
                for (var t = 0; t <= steps; t++)
                    (frames[t * FrameBytes], frames[(t * FrameBytes) + 1]) = ((byte)e, (byte)t);
                writer.WriteEpisode(new EpisodeColumns
                {
                    Key = $"{name}/{e}",
                    BehaviorPolicy = "x",
                    ObservationBytes = frames.AsSpan(0, steps * FrameBytes),
                    DiscreteActions = new int[steps],
                    Rewards = new double[steps],
                    Truncated = true,
                    FinalObservationBytes = frames.AsSpan(steps * FrameBytes),
                });
            }

            writer.Commit();
        }

        return Dataset.Open(Workspace.Workspace, name).Compile(NullProgress.Instance);
    }

    public const int FrameBytes = 84 * 84;

    public static EpisodeSelection All(TrainingColumns columns) => EpisodeSelection.Of(columns, "train");
}

/// <summary>Frequencies against what is expected of them.</summary>
static class ChiSquare
{
    /// <summary>The statistic, with one degree of freedom less than there are counts. Each expected count must be at least 5, or the statistic has another distribution.</summary>
    public static double Of(IReadOnlyList<long> counts, IReadOnlyList<double> shares)
    {
        Assert.Equal(counts.Count, shares.Count);
        var (total, sum) = (counts.Sum(), shares.Sum());
        return counts.Zip(shares, (count, share) =>
        {
            var expected = total * share / sum;
            Assert.True(expected >= 5);
            return (count - expected) * (count - expected) / expected;
        }).Sum();
    }
}
