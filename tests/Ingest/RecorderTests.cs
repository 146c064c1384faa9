using OfflineRL.Datasets;
using OfflineRL.Environments;
using OfflineRL.Ingest;

namespace OfflineRL.Tests.Ingest;

public sealed class RecorderTests : IDisposable
{
    readonly Recording _recording = new();

    public void Dispose() => _recording.Dispose();

    [Fact]
    public void Record_WithTheDefaultMixture_ReturnsBetween100And300AndPassesTheCheck()
    {
        var dataset = _recording.Record(new RecordConfig { Steps = 30_000 });
        dataset.Check(NullProgress.Instance);
        Assert.Equal(30_000, dataset.Manifest.Counts.Steps);
        Assert.InRange(dataset.Manifest.Statistics.Return!.Mean, 100, 300);
        Assert.Equal(
            ["scripted-weak?epsilon=0.2", "scripted?epsilon=0.35", "scripted?epsilon=0.5", "uniform"],
            dataset.Episodes.Select(e => e.BehaviorPolicy).Distinct().Order(StringComparer.Ordinal));
        Assert.Equal(["test", "train"], dataset.Episodes.Select(e => e.Split).Distinct().Order(StringComparer.Ordinal));
        Assert.Equal(EnvironmentRegistry.Resolve("CartPole-v1"), dataset.Manifest.Environment);
    }

    [Fact]
    public void Record_WithAnyBatch_GivesTheSameContentAndWithAnotherSeedDoesNot()
    {
        var config = new RecordConfig { Steps = 3000, Batch = 1 };
        var alone = _recording.Record(config);
        foreach (var batch in new[] { 1, 5, 32, 200 })
            Assert.Equal(alone.Manifest.ContentHash, _recording.Record(config with { Batch = batch }).Manifest.ContentHash);
        Assert.NotEqual(alone.Manifest.ContentHash, _recording.Record(config with { Seed = 1 }).Manifest.ContentHash);
        Assert.Empty(alone.Episodes.Select(e => e.EpisodeKey).Intersect(_recording.Record(config with { Seed = 2 }).Episodes.Select(e => e.EpisodeKey)));
    }

    [Fact]
    public void Record_OfMoreSteps_BeginsWithTheSameEpisodes()
    {
        var few = _recording.Record(new RecordConfig { Steps = 2000 });
        var many = _recording.Record(new RecordConfig { Steps = 4000 });
        var whole = few.Episodes.Count - 1;
        Assert.True(whole >= 3);
        Assert.Equal(few.Episodes.Take(whole).Select(e => e.EpisodeKey), many.Episodes.Take(whole).Select(e => e.EpisodeKey));
    }

    [Fact]
    public void Record_WhereTheLastEpisodeWouldGoOn_CutsItAsTruncatedWithItsFinalObservation()
    {
        var dataset = _recording.Record(new RecordConfig { Steps = 750, Mixture = [new BehaviorConfig { Policy = "scripted" }] });
        Assert.Equal([500, 250], dataset.Episodes.Select(e => e.Steps));
        Assert.All(dataset.Episodes, e => Assert.True(e.Truncated && !e.Terminated && e.FinalObservationKnown));

        // The cut episode's final observation is what the recording of one more step stores as that step's observation.
        var longer = _recording.Record(new RecordConfig { Steps = 751, Mixture = [new BehaviorConfig { Policy = "scripted" }] });
        float[] final = [], observation = [];
        dataset.ReadEpisodes((EpisodeRecord record, in EpisodeColumns e) => final = e.FinalObservation.ToArray());
        longer.ReadEpisodes((EpisodeRecord record, in EpisodeColumns e) => observation = e.Observations[^4..].ToArray());
        Assert.Equal(observation, final);
    }

    [Fact]
    public void Record_OfAnyPolicy_StoresExactProbabilities()
    {
        var dataset = _recording.Record(new RecordConfig
        {
            Steps = 40_000,
            Mixture = [new BehaviorConfig { Policy = "uniform" }, new BehaviorConfig { Policy = "scripted", Epsilon = 0.4 }],
        });
        // Steps by the probability of the action "right", and how often it was taken.
        var right = new Dictionary<double, (int Steps, int Taken)>();
        dataset.ReadEpisodes((EpisodeRecord record, in EpisodeColumns e) =>
        {
            for (var t = 0; t < e.Rewards.Length; t++)
            {
                var (p0, p1) = (e.BehaviorProbabilities[2 * t], e.BehaviorProbabilities[(2 * t) + 1]);
                Assert.Equal(1, p0 + p1, 1e-15);
                Assert.Equal(Math.Log(e.DiscreteActions[t] == 0 ? p0 : p1), e.BehaviorLogProbabilities[t]);
                Assert.Contains(Math.Round(p1, 12), record.BehaviorPolicy == "uniform" ? [0.5] : (double[])[0.2, 0.8]);
                var (steps, taken) = right.GetValueOrDefault(Math.Round(p1, 12));
                right[Math.Round(p1, 12)] = (steps + 1, taken + e.DiscreteActions[t]);
            }
        });

        Assert.Equal(3, right.Count);
        // One degree of freedom each; 16 has probability 6e-5.
        foreach (var (p, (steps, taken)) in right)
            Assert.InRange(Math.Pow(taken - (steps * p), 2) / (steps * p * (1 - p)), 0, 16);
    }

    [Theory]
    [InlineData("CartPole-v1?length=0.8", "recordable range is [0.4, 0.6]")]
    [InlineData("CartPole-v1?start=0.15", "kept for evaluation")]
    [InlineData("CartPol-v1", "Did you mean 'CartPole-v1'?")]
    public void Record_OfAnEnvironmentOutsideTheBox_IsRefused(string environment, string message)
    {
        var error = Assert.Throws<UserErrorException>(() => _recording.Record(new RecordConfig { Environment = environment }));
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
        _recording.AssertNothingLeft();
    }

    [Fact]
    public void Record_InsideTheBox_NamesItsParameters()
    {
        var dataset = _recording.Record(new RecordConfig { Steps = 100, Environment = "CartPole-v1?length=0.6&force=9" });
        Assert.Equal(0.6, dataset.Manifest.Environment!.Parameters["length"]);
        Assert.Equal(9, dataset.Manifest.Environment.Parameters["force"]);
    }

    [Fact]
    public void Record_WithATrainedPolicy_AsksForItAndDisposesOfIt()
    {
        var policy = new Trained(new DiscreteSpace(2));
        var config = new RecordConfig { Steps = 200, Mixture = [new BehaviorConfig { Policy = "run:mine", Epsilon = 0.5 }] };
        var manifest = RecordJob.Run(config, _recording.Workspace, spec => spec == "run:mine" ? policy : throw new InvalidOperationException(spec), NullProgress.Instance, CancellationToken.None);
        Assert.True(policy.Disposed);
        Assert.Equal("trained?epsilon=0.5", Dataset.Open(_recording.Workspace, manifest.FullName).Episodes[0].BehaviorPolicy);
    }

    [Fact]
    public void Record_WithATrainedPolicyOfOtherSpaces_IsRefused()
    {
        var policy = new Trained(new DiscreteSpace(5));
        var config = new RecordConfig { Mixture = [new BehaviorConfig { Policy = "run:mine" }] };
        var error = Assert.Throws<UserErrorException>(() => RecordJob.Run(config, _recording.Workspace, _ => policy, NullProgress.Instance, CancellationToken.None));
        Assert.Contains("discrete(5)", error.Message, StringComparison.Ordinal);
        Assert.True(policy.Disposed);
        _recording.AssertNothingLeft();
    }

    [Fact]
    public void Record_Interrupted_LeavesNothing()
    {
        using var source = new CancellationTokenSource();
        var steps = 0;
        var progress = new Watch(() =>
        {
            if (++steps == 20)
                source.Cancel();
        });
        Assert.Throws<OperationCanceledException>(() => RecordJob.Run(new RecordConfig(), _recording.Workspace, _ => throw new InvalidOperationException(), progress, source.Token));
        Assert.Equal(20, steps);
        _recording.AssertNothingLeft();
    }

    [Fact]
    public void Record_WithSeveralFaultsInTheConfig_NamesThemAll()
    {
        var error = Assert.Throws<UserErrorException>(() => _recording.Record(new RecordConfig
        {
            Steps = 0,
            Batch = 0,
            Mixture = [new BehaviorConfig { Epsilon = 2, Weight = 0 }],
            Split = new Dictionary<string, double> { ["train"] = 0.5 },
        }));
        foreach (var part in (string[])["steps is 0", "batch is 0", "mixture[0].epsilon is 2", "mixture[0].weight is 0", "sum to 0.5"])
            Assert.Contains(part, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Record_WithAPolicyThatKnowsNoBounds_StoresActionsWithinTheEnvironmentsAndNoPropensities()
    {
        var config = new RecordConfig { Environment = "Pendulum-v1", Name = "pushed", Steps = 300, Mixture = [new BehaviorConfig { Policy = "run:pusher" }] };
        var manifest = RecordJob.Run(config, _recording.Workspace, _ => new Pusher(), NullProgress.Instance, CancellationToken.None);
        var dataset = Dataset.Open(_recording.Workspace, manifest.FullName);
        dataset.Check(NullProgress.Instance);
        Assert.Equal((PropensitySource.Unknown, PropensityKind.None), (dataset.Manifest.PropensitySource, dataset.Manifest.PropensityKind));
        Assert.Equal(new BoxSpace([1], [-2], [2]), dataset.Manifest.ActionSpace);
        var actions = new List<float>();
        dataset.ReadEpisodes((EpisodeRecord _, in EpisodeColumns e) => actions.AddRange(e.ContinuousActions));
        Assert.Equal(300, actions.Count);
        Assert.Equal([-2, 2], actions.Distinct().Order());
    }

    /// <summary>Pushes as far as it can against where the pendulum turns, in no units.</summary>
    sealed class Pusher : IPolicy
    {
        public string Name => "pusher";

        public Space ObservationSpace { get; } = BoxSpace.Unbounded(3);

        public Space ActionSpace { get; } = BoxSpace.Unbounded(1);

        public IPolicyState? CreateState(int instances) => null;

        public void Act(in PolicyInput input, in PolicyOutput output)
        {
            for (var i = 0; i < input.Count; i++)
                output.Continuous[i] = input.Observations[(3 * i) + 2] > 0 ? -7 : 7;
        }

        public void Score(in PolicyInput input, in ActionBatch actions, Span<double> logProbabilities, Span<double> probabilities) => throw new NotSupportedException();
    }

    sealed class Watch(Action onReport) : IJobProgress
    {
        public void Report(string stage, long done, long total, string? detail = null) => onReport();

        public void Line(string text)
        {
        }
    }

    sealed class Trained(DiscreteSpace actions) : IPolicy, IDisposable
    {
        readonly UniformPolicy _inner = new(BoxSpace.Unbounded(4), actions);

        public bool Disposed { get; private set; }

        public string Name => "trained";

        public Space ObservationSpace => _inner.ObservationSpace;

        public Space ActionSpace => _inner.ActionSpace;

        public IPolicyState? CreateState(int instances) => null;

        public void Act(in PolicyInput input, in PolicyOutput output) => _inner.Act(input, output);

        public void Score(in PolicyInput input, in ActionBatch batch, Span<double> logProbabilities, Span<double> probabilities) =>
            _inner.Score(input, batch, logProbabilities, probabilities);

        public void Dispose() => Disposed = true;
    }
}
