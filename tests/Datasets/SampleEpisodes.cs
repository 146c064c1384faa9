using OfflineRL.Datasets;

namespace OfflineRL.Tests.Datasets;

/// <summary>Small datasets of known numbers.</summary>
static class SampleEpisodes
{
    public static readonly DatasetDescription CartPoleLike = new()
    {
        ObservationSpace = BoxSpace.Unbounded(4),
        ActionSpace = new DiscreteSpace(2),
        Environment = new("CartPole-v1", new Dictionary<string, double> { ["gravity"] = 9.8, ["length"] = 0.5 }),
        PropensitySource = PropensitySource.Logged,
        PropensityKind = PropensityKind.Probability,
        HasBehaviorProbabilities = true,
        Provenance = new() { Command = "test" },
    };

    /// <summary>Writes <paramref name="episodes"/> episodes of 1 to 30 steps from a seeded stream; the last observation of every third is unknown.</summary>
    public static void Write(DatasetWriter writer, int episodes, ulong seed = 1, double rewardOfFirstStep = 1)
    {
        RandomStream random = RandomStream.Create(seed, "sample");
        for (int e = 0; e < episodes; e++)
        {
            int steps = 1 + random.NextInt(30);
            float[] observations = [.. Enumerable.Range(0, steps * 4).Select(_ => (float)random.NextGaussian())];
            int[] actions = [.. Enumerable.Range(0, steps).Select(_ => random.NextInt(2))];
            double[] probabilities = [.. Enumerable.Range(0, steps).SelectMany(_ => Pair(random.Uniform(0.1, 0.9)))];
            double[] rewards = [.. Enumerable.Repeat(1.0, steps)];
            rewards[0] = e == 0 ? rewardOfFirstStep : 1;
            writer.WriteEpisode(new EpisodeColumns
            {
                Key = $"sample:{e}",
                BehaviorPolicy = e % 2 == 0 ? "even" : "odd",
                SourceFile = "sample.csv",
                Observations = observations,
                DiscreteActions = actions,
                Rewards = rewards,
                Terminated = e % 2 == 0,
                Truncated = e % 2 == 1,
                FinalObservation = e % 3 == 0 ? [] : [1, 2, 3, e],
                BehaviorLogProbabilities = [.. actions.Select((a, t) => Math.Log(probabilities[(2 * t) + a]))],
                BehaviorProbabilities = probabilities,
            });
        }
    }

    public static DatasetManifest Make(Workspace workspace, string name, int episodes = 20, DatasetDescription? description = null, ulong seed = 1, double rewardOfFirstStep = 1)
    {
        using DatasetWriter writer = DatasetWriter.Create(workspace, name, description ?? CartPoleLike);
        Write(writer, episodes, seed, rewardOfFirstStep);
        return writer.Commit();
    }

    static double[] Pair(double p) => [p, 1 - p];
}
