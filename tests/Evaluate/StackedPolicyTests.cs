using OfflineRL.Datasets;
using OfflineRL.Environments;
using OfflineRL.Evaluate;
using OfflineRL.Tests.Train;
using OfflineRL.Train;

namespace OfflineRL.Tests.Evaluate;

/// <summary>A stored policy that normalizes and stacks what it sees, in rollouts.</summary>
public sealed class StackedPolicyTests : IDisposable
{
    static readonly IReadOnlyList<RolloutTask> Tasks = RolloutTask.Resolve(["nominal", "long-pole"], "CartPole-v1", EnvironmentRegistry.Resolve("CartPole-v1"));

    readonly TrainData _data = new();

    public void Dispose() => _data.Dispose();

    [Fact]
    public void Rollouts_OfAStackingPolicy_AreThoseOfItsOwnHistoryWhateverTheBatch()
    {
        using (var columns = WriteCartPole())
        {
            var config = TrainData.Tiny("bc") with
            {
                Name = "stacked",
                Steps = 600,
                BatchSize = 32,
                Replay = new() { FrameStack = 3 },
                Normalization = new() { Observations = "standardize" },
            };
            TrainJob.Run(config, _data.Workspace, columns, NullProgress.Instance, CancellationToken.None);
        }

        using var policy = LearnedPolicy.Load(Path.Combine(_data.Workspace.RunsFolder, "stacked", "seed-0", "policies", "step-600"), temperature: 0.1);
        Assert.Equal(3, policy.Description.Encoder!.Frames);
        Assert.Equal(CartPole.ObservationSpace, policy.ObservationSpace);
        var whole = Run(policy, 4096);
        Assert.True(whole.Select(o => o.Return).Distinct().Count() > 3);
        foreach (var batch in (int[])[1, 5])
            Assert.Equal(whole, Run(policy, batch));
        // History matters: with every frame the first of an episode it is another policy.
        Assert.NotEqual(whole, Run(new Forgetting(policy), 4096));
    }

    static EnvironmentDefinition CartPole => EnvironmentRegistry.Definition("CartPole-v1");

    static List<EpisodeOutcome> Run(IPolicy policy, int batch) => [.. RolloutBatch.Run(policy, Tasks, 9, 2, 0.99, batch, CancellationToken.None).SelectMany(o => o)];

    TrainingColumns WriteCartPole()
    {
        var random = RandomStream.Create(1, "cartpole");
        using (var writer = DatasetWriter.Create(_data.Workspace, "cartpole", new DatasetDescription { ObservationSpace = CartPole.ObservationSpace, ActionSpace = CartPole.ActionSpace }))
        {
            for (var episode = 0; episode < 20; episode++)
            {
                const int Steps = 12;
                var observations = new float[4 * Steps];
                foreach (ref var value in observations.AsSpan())
                    value = (float)(0.02 * random.NextGaussian());
                writer.WriteEpisode(new EpisodeColumns
                {
                    Key = $"cartpole/{episode}",
                    BehaviorPolicy = "x",
                    Observations = observations,
                    // Where the pole fell since the step before: what one frame does not say.
                    DiscreteActions = Enumerable.Range(0, Steps).Select(t => t > 0 && observations[(4 * t) + 2] > observations[(4 * (t - 1)) + 2] ? 1 : 0).ToArray(),
                    Rewards = new double[Steps],
                    Truncated = true,
                });
            }

            writer.Commit();
        }

        return Dataset.Open(_data.Workspace, "cartpole").Compile(NullProgress.Instance);
    }

    sealed class Forgetting(IPolicy inner) : IPolicy
    {
        public string Name => inner.Name;

        public Space ObservationSpace => inner.ObservationSpace;

        public Space ActionSpace => inner.ActionSpace;

        public IPolicyState? CreateState(int instances) => inner.CreateState(instances);

        public void Act(in PolicyInput input, in PolicyOutput output)
        {
            var starts = new bool[input.Count];
            Array.Fill(starts, true);
            inner.Act(input with { EpisodeStarts = starts }, output);
        }

        public void Score(in PolicyInput input, in ActionBatch actions, Span<double> logProbabilities, Span<double> probabilities) =>
            inner.Score(input, actions, logProbabilities, probabilities);
    }
}
