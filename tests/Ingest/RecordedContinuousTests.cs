using OfflineRL.Datasets;
using OfflineRL.Environments;
using OfflineRL.Evaluate;
using OfflineRL.Ingest;

namespace OfflineRL.Tests.Ingest;

/// <summary>Recordings of continuous actions: densities as stored, and what is said where there are none.</summary>
public sealed class RecordedContinuousTests : IDisposable
{
    readonly Recording _recording = new();

    public void Dispose() => _recording.Dispose();

    [Theory]
    [InlineData("Pendulum-v1")]
    [InlineData("MountainCarContinuous-v0")]
    [InlineData("DMSD")]
    public void Record_WithTheDefaultMixture_StoresTheDensityOfEachAction(string id)
    {
        var dataset = _recording.Record(new RecordConfig { Environment = id, Steps = 5000 }.Resolve());
        dataset.Check(NullProgress.Instance);
        Assert.Equal((PropensitySource.Logged, PropensityKind.Density), (dataset.Manifest.PropensitySource, dataset.Manifest.PropensityKind));
        Assert.Equal(["scripted?noise=0.3", "uniform"], dataset.Episodes.Select(e => e.BehaviorPolicy).Distinct().Order(StringComparer.Ordinal));
        var definition = EnvironmentRegistry.Definition(id);
        var steps = 0;
        dataset.ReadEpisodes((EpisodeRecord record, in EpisodeColumns e) =>
        {
            var policy = BuiltInPolicies.Make(record.BehaviorPolicy, definition);
            var scored = new double[e.Rewards.Length];
            policy.Score(new PolicyInput { Count = scored.Length, Observations = e.Observations }, new ActionBatch { Continuous = e.ContinuousActions }, scored, []);
            Assert.Equal(scored, e.BehaviorLogProbabilities.ToArray());
            steps += scored.Length;
        });
        Assert.Equal(5000, steps);
    }

    [Fact]
    public void Record_WithADeterministicPolicy_HasNoPropensitiesAndSaysSo()
    {
        var dataset = _recording.Record(Config("pendulum", new BehaviorConfig { Policy = "uniform" }, new BehaviorConfig { Policy = "scripted" }));
        dataset.Check(NullProgress.Instance);
        Assert.Equal((PropensitySource.Unknown, PropensityKind.None), (dataset.Manifest.PropensitySource, dataset.Manifest.PropensityKind));
        dataset.ReadEpisodes((EpisodeRecord record, in EpisodeColumns e) => Assert.Equal(0, e.BehaviorLogProbabilities.Length));
        Assert.Contains("propensity_source unknown", Assert.Throws<UserErrorException>(() => Estimate("pendulum", "builtin:uniform")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Record_WithAnyBatch_GivesTheSameContent()
    {
        var config = Config("pendulum", new BehaviorConfig { Policy = "uniform" }, new BehaviorConfig { Policy = "scripted?noise=0.4", Epsilon = 0.2 });
        var hashes = new[] { 1, 3, 32 }.Select(batch => _recording.Record(config with { Batch = batch }).Manifest.ContentHash);
        Assert.Single(hashes.Distinct());
    }

    [Fact]
    public void Estimate_OfTheRecordedPolicy_IsTheMeanReturnAndOfADeterministicOneIsRefused()
    {
        var dataset = _recording.Record(Config("pendulum", new BehaviorConfig { Policy = "scripted?noise=0.5&epsilon=0.3" }));
        var mean = dataset.Episodes.Average(e => e.Return);
        Assert.All(Estimate("pendulum", "builtin:scripted?noise=0.5&epsilon=0.3"), row => Assert.Equal(mean, row.Estimate!.Value, 1e-9 * Math.Abs(mean)));
        var error = Assert.Throws<UserErrorException>(() => Estimate("pendulum", "builtin:scripted"));
        Assert.Contains("is deterministic over box", error.Message, StringComparison.Ordinal);
        Assert.Contains("scripted?noise=0.3", error.Message, StringComparison.Ordinal);
        // A kernel around its actions has a density, of a bandwidth tuned on the log; ratios alone have none.
        var kernel = Assert.Single(Estimate("pendulum", "builtin:scripted", "kernel_is"));
        Assert.InRange(kernel.Lambda!.Value, 0.05, 1);
        Assert.InRange(kernel.EffectiveSampleSize!.Value, 1, dataset.Episodes.Count);
        Assert.Contains("deterministic over continuous actions", Assert.Throws<UserErrorException>(() => Estimate("pendulum", "builtin:scripted", "wis")).Message, StringComparison.Ordinal);
        Assert.Contains("this one has; these apply: is, wis", Assert.Throws<UserErrorException>(() => Estimate("pendulum", "builtin:scripted?noise=0.5", "kernel_is")).Message, StringComparison.Ordinal);
        Assert.Contains("single decisions", Assert.Throws<UserErrorException>(() => Estimate("pendulum", "builtin:scripted?noise=0.5", "snips")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ContinuedRecording_WithADeterministicPolicy_IsRefusedAtTheBeginningAndLater()
    {
        using var recording = new ContinuedRecording(Config("pendulum", new BehaviorConfig()));
        var definition = EnvironmentRegistry.Definition("Pendulum-v1");
        var error = Assert.Throws<UserErrorException>(() => recording.Begin(BuiltInPolicies.Make("scripted", definition), "p", 0));
        Assert.Contains("'scripted' is deterministic over box", error.Message, StringComparison.Ordinal);
        recording.Begin(BuiltInPolicies.Make("scripted?noise=0.3", definition), "p", 0);
        Assert.Throws<UserErrorException>(() => recording.Act(BuiltInPolicies.Make("zero", definition)));
        recording.Act(BuiltInPolicies.Make("zero?noise=1", definition));
        var steps = 0;
        recording.Record(200, (in EpisodeColumns e) =>
        {
            Assert.Equal(e.Rewards.Length, e.BehaviorLogProbabilities.Length);
            foreach (var log in e.BehaviorLogProbabilities)
                Assert.True(double.IsFinite(log));
            steps += e.Rewards.Length;
        });
        Assert.Equal(200 * new RecordConfig().Batch, steps);
    }

    [Fact]
    public void RecordWhole_KeepsEveryEpisodeThatItBeganFromStartToEnd()
    {
        using var recording = new ContinuedRecording(new() { Environment = "CartPole-v1", Name = "whole", Batch = 8, Seed = 3 });
        var policy = BuiltInPolicies.Make("uniform", EnvironmentRegistry.Definition("CartPole-v1"));
        var lengths = new List<int>();
        for (var round = 0; round < 3; round++)
        {
            var before = lengths.Count;
            recording.RecordWhole(policy, "p", lengths.Count, 100, (in EpisodeColumns e) =>
            {
                Assert.True(e.Terminated || e.Rewards.Length == 500);
                Assert.Equal("p", e.BehaviorPolicy);
                lengths.Add(e.Rewards.Length);
            });
            Assert.Equal(lengths.Count, recording.Episodes);
            Assert.InRange(lengths.Skip(before).Sum(), 100, 100 + (8 * 500));
        }

        // Episode k has seeds of its own: one instance records the same ones, until it has enough steps.
        using var single = new ContinuedRecording(new() { Environment = "CartPole-v1", Name = "whole", Batch = 1, Seed = 3 });
        var one = new List<int>();
        single.RecordWhole(policy, "p", 0, 100, (in EpisodeColumns e) => one.Add(e.Rewards.Length));
        Assert.True(one.Count > 1);
        Assert.Equal(lengths.Take(one.Count), one);
        Assert.True(one.SkipLast(1).Sum() < 100 && one.Sum() >= 100);
    }

    [Fact]
    public void RecordFragments_ShowsEveryStepOnceWithWhatCameNext()
    {
        using var recording = new ContinuedRecording(new() { Environment = "CartPole-v1", Name = "pieces", Batch = 3, Seed = 3 });
        recording.Begin(BuiltInPolicies.Make("uniform", EnvironmentRegistry.Definition("CartPole-v1")), "p", 0);
        var (shown, whole) = (new List<(float[] Rows, float[] Next, bool Ends)>(), new List<(float[] Rows, float[] Next)>());
        for (var round = 0; round < 20; round++)
        {
            var steps = 0;
            recording.RecordFragments(7, (in EpisodeColumns e) => whole.Add((e.Observations.ToArray(), e.FinalObservation.ToArray())), (in EpisodeColumns e, int before) =>
            {
                Assert.InRange(before, 0, e.Rewards.Length);
                steps += e.Rewards.Length - before;
                if (e.Rewards.Length > before)
                    shown.Add((e.Observations[(4 * before)..].ToArray(), e.FinalObservation.ToArray(), e.Terminated));
                Assert.True(e.Terminated || e.Truncated);
            });
            Assert.Equal(3 * 7, steps);
        }

        Assert.True(whole.Count > 5);
        // Put together again, from the piece that begins an episode through those whose first row is what came next, the pieces are the episodes.
        foreach (var (rows, next) in whole)
        {
            var piece = shown.Single(p => p.Rows.AsSpan(0, 4).SequenceEqual(rows.AsSpan(0, 4)));
            var together = piece.Rows.ToList();
            while (!piece.Ends)
            {
                piece = shown.Single(p => p.Rows.AsSpan(0, 4).SequenceEqual(piece.Next));
                together.AddRange(piece.Rows);
            }

            Assert.Equal(rows, together);
            Assert.Equal(next, piece.Next);
        }
    }

    static RecordConfig Config(string name, params BehaviorConfig[] mixture) => new() { Environment = "Pendulum-v1", Name = name, Steps = 2000, Mixture = mixture };

    IReadOnlyList<EstimateRow> Estimate(string dataset, string policy, params string[] estimators) => OpeJob.Run(
        new OpeConfig { Dataset = dataset, Policies = [policy], Estimators = estimators, Resamples = 50, Discount = 1 },
        _recording.Workspace, NullProgress.Instance, TimeProvider.System, CancellationToken.None).Summary.Estimates;
}
