using OfflineRL.Datasets;
using OfflineRL.Tests.Cli;
using OfflineRL.Train;

namespace OfflineRL.Tests.Train.Algorithms;

/// <summary>Cloning of continuous actions, from the log to the density that is stored.</summary>
public sealed class GaussianCloningTests : IDisposable
{
    const double Deviation = 6;

    readonly TrainData _data = new();

    public void Dispose() => _data.Dispose();

    // a = 40 + 20 o + noise of deviation 6, and a second dimension of another unit: 0.01 o + noise of deviation 0.002.
    void WriteLinear(string name, int episodes, ulong seed)
    {
        var random = RandomStream.Create(seed, "linear");
        using var writer = DatasetWriter.Create(_data.Workspace, name, new DatasetDescription { ObservationSpace = BoxSpace.Unbounded(1), ActionSpace = BoxSpace.Unbounded(2) });
        for (var e = 0; e < episodes; e++)
        {
            var observations = new float[20];
            var actions = new float[40];
            for (var t = 0; t < 20; t++)
            {
                observations[t] = (float)((2 * random.NextDouble()) - 1);
                actions[2 * t] = (float)(40 + (20 * observations[t]) + (Deviation * random.NextGaussian()));
                actions[(2 * t) + 1] = (float)((0.01 * observations[t]) + (0.002 * random.NextGaussian()));
            }

            writer.WriteEpisode(new EpisodeColumns { Key = $"{name}:{e}", BehaviorPolicy = "linear", Observations = observations, ContinuousActions = actions, Rewards = new double[20], Truncated = true });
        }

        writer.Commit();
    }

    [Fact]
    public void Cloning_ByFolds_FindsTheDensitiesOfTheBehavior_AndStoresThemWithTheLog()
    {
        WriteLinear("linear", 100, 3);
        Tool.Run(_data.Root, "train", "--dataset", "linear", "--algorithm", "bc", "--steps", "1500", "--device", "cpu", "--set", "bc.folds=2", "--set", "bc.hidden=[16]", "--set", "bc.learning_rate=0.01", "--set", "bc.final_learning_rate=0").Expect(0);
        var output = Tool.Run(_data.Root, "ingest", "propensities", "--dataset", "linear", "--policy", "linear-bc").Expect(0).Output;
        Assert.DoesNotContain("calibration", output, StringComparison.Ordinal);
        var dataset = Dataset.Open(_data.Workspace, "linear-v2");
        Assert.Empty(dataset.Findings(NullProgress.Instance));
        Assert.Equal((PropensitySource.Estimated, PropensityKind.Density, false), (dataset.Manifest.PropensitySource, dataset.Manifest.PropensityKind, dataset.Manifest.HasBehaviorProbabilities));

        // The mean log-density is that of the true distribution, which no other exceeds.
        var (sum, truth, steps) = (0.0, 0.0, 0);
        dataset.ReadEpisodes((EpisodeRecord record, in EpisodeColumns e) =>
        {
            for (var t = 0; t < record.Steps; t++)
            {
                sum += e.BehaviorLogProbabilities[t];
                var z = ((e.ContinuousActions[2 * t] - 40 - (20 * e.Observations[t])) / Deviation, (e.ContinuousActions[(2 * t) + 1] - (0.01 * e.Observations[t])) / 0.002);
                truth -= (((z.Item1 * z.Item1) + (z.Item2 * z.Item2)) / 2) + Math.Log(Deviation * 0.002 * 2 * Math.PI);
                steps++;
            }
        });
        Assert.Equal(2000, steps);
        Assert.InRange(sum / steps, (truth / steps) - 0.1, (truth / steps) + 0.02);
    }

    [Fact]
    public void TheStoredPolicy_ActsAndScoresWithoutTheRun()
    {
        WriteLinear("linear", 20, 4);
        Tool.Run(_data.Root, "train", "--dataset", "linear", "--algorithm", "bc", "--steps", "20", "--device", "cpu", "--set", "bc.hidden=[8]").Expect(0);
        var folder = Path.Combine(_data.Root, "runs", "linear-bc", "seed-0", "policies", "step-20");
        using var policy = LearnedPolicy.Load(folder);
        var (actions, said, scored) = (new float[6], new double[3], new double[3]);
        RandomStream[] random = [.. Enumerable.Range(0, 3).Select(i => RandomStream.Create((ulong)i, "act"))];
        policy.Act(new PolicyInput { Count = 3, Observations = [-1, 0, 1], Random = random }, new PolicyOutput { Continuous = actions, LogProbabilities = said });
        policy.Score(new PolicyInput { Count = 3, Observations = [-1, 0, 1] }, new ActionBatch { Continuous = actions }, scored, []);
        Assert.Equal(said, scored);
        Assert.Equal(6, actions.Distinct().Count());
        Assert.True(policy.HasPropensities);
        using var greedy = LearnedPolicy.Load(folder, temperature: 0);
        Assert.False(greedy.HasPropensities);
        Assert.Contains("Widen the distribution with temperature", Assert.Throws<UserErrorException>(() => LearnedPolicy.Load(folder, epsilon: 0.1)).Message, StringComparison.Ordinal);
        File.WriteAllText(Path.Combine(folder, "policy.json"), File.ReadAllText(Path.Combine(folder, "policy.json")).Replace("\"scale\"", "\"scales\"", StringComparison.Ordinal));
        Assert.Throws<UserErrorException>(() => LearnedPolicy.Load(folder).Dispose());
    }

    [Fact]
    public void OtherAlgorithms_StillNeedDiscreteActions()
    {
        WriteLinear("linear", 2, 5);
        Assert.Contains("algorithm dqn needs discrete actions", Tool.Run(_data.Root, "train", "--dataset", "linear", "--algorithm", "dqn", "--device", "cpu").Expect(2).Error, StringComparison.Ordinal);
    }
}
