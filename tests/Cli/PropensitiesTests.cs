using System.Globalization;
using OfflineRL.Datasets;
using OfflineRL.Tests.Train;
using OfflineRL.Train;

namespace OfflineRL.Tests.Cli;

/// <summary>From a log without propensities to one with estimated ones, as a user does it.</summary>
public sealed class PropensitiesTests : IDisposable
{
    const int Folds = 3;

    readonly TrainData _data = new();

    public PropensitiesTests() => _data.WriteSigns().Dispose();

    public void Dispose() => _data.Dispose();

    ToolResult Clone(params string[] more) => Tool.Run(_data.Root,
        ["train", "--dataset", "signs", "--algorithm", "bc", "--steps", "200", "--device", "cpu", "--set", "bc.hidden=[8]", "--set", "batch_size=16", .. more]);

    [Fact]
    public void Propensities_OfALogWithoutAny_AreTheModelsThatDidNotSeeTheEpisode()
    {
        Clone("--set", $"bc.folds={Folds}").Expect(0);
        var output = Tool.Run(_data.Root, "ingest", "propensities", "--dataset", "signs", "--policy", "run:signs-bc").Expect(0).Output;
        var parent = Dataset.Open(_data.Workspace, "signs-v1");
        var dataset = Dataset.Open(_data.Workspace, "signs-v2");
        Assert.Empty(dataset.Findings(NullProgress.Instance));
        var manifest = dataset.Manifest;
        Assert.Equal((PropensitySource.Estimated, PropensityKind.Probability, true), (manifest.PropensitySource, manifest.PropensityKind, manifest.HasBehaviorProbabilities));
        Assert.Equal([new("signs-v1", parent.Manifest.ContentHash)], manifest.Provenance.Parents);
        Assert.Contains("run:signs-bc", manifest.Provenance.Config, StringComparison.Ordinal);
        Assert.Contains(manifest.Provenance.Notes, n => n.Contains("did not learn from its episode", StringComparison.Ordinal));

        var models = Enumerable.Range(0, Folds)
            .Select(k => LearnedPolicy.Load(Path.Combine(_data.Root, "runs", "signs-bc", $"seed-{k}", "policies", "step-200")))
            .ToList();
        var folds = new long[Folds];
        var (steps, sum) = (0L, 0.0);
        dataset.ReadEpisodes((EpisodeRecord record, in EpisodeColumns e) =>
        {
            var fold = EpisodeFold.Of(EpisodeFold.Hash(record.EpisodeKey), Folds);
            folds[fold]++;
            var (log, whole) = (new double[record.Steps], new double[record.Steps * 2]);
            models[fold].Score(new PolicyInput { Count = record.Steps, Observations = e.Observations }, new ActionBatch { Discrete = e.DiscreteActions }, log, whole);
            Assert.Equal(log, e.BehaviorLogProbabilities.ToArray());
            Assert.Equal(whole, e.BehaviorProbabilities.ToArray());
            (steps, sum) = (steps + record.Steps, sum + log.Sum());
        });
        Assert.DoesNotContain(0, folds);
        // Each fold's row, and all together; the log-likelihood that is printed is that of the rows that are stored.
        for (var fold = 0; fold < Folds; fold++)
            Assert.Matches($@"(?m)^{fold} +{folds[fold]} +", output);
        Assert.Contains((sum / steps).ToString("F4", CultureInfo.InvariantCulture), output, StringComparison.Ordinal);
        foreach (var model in models)
            model.Dispose();

        // Another model of another run would give others; and what is logged is not replaced unasked.
        Assert.NotEqual(parent.Manifest.ContentHash, manifest.ContentHash);
    }

    [Fact]
    public void Folds_TrainASeedEach_AndRefuseSeedsOfNone()
    {
        Assert.Contains("seed k is the model that leaves out fold k, so expected 0 to 2", Clone("--set", "bc.folds=3", "--seeds", "0..3").Expect(2).Error, StringComparison.Ordinal);
        Assert.Contains("folds is 1; expected 2 to 100", Clone("--set", "bc.folds=1").Expect(2).Error, StringComparison.Ordinal);
        Assert.Contains("of 100", Clone("--set", "bc.folds=100", "--name", "many").Expect(2).Error, StringComparison.Ordinal);
        Clone("--set", "bc.folds=3", "--seeds", "1").Expect(0);
        var missing = Tool.Run(_data.Root, "ingest", "propensities", "--dataset", "signs", "--policy", "signs-bc").Expect(2).Error;
        Assert.Contains("the models of the folds 0, 2 of 3 are not there", missing, StringComparison.Ordinal);
        // The held-out error is that of the fold that the model did not see.
        Assert.True(File.Exists(Path.Combine(_data.Root, "runs", "signs-bc", "seed-1", "best.json")));
    }

    [Fact]
    public void Propensities_ThatWereLogged_AreReplacedOnlyWhereToldTo()
    {
        Clone().Expect(0);
        Tool.Run(_data.Root, "ingest", "propensities", "--dataset", "signs", "--policy", "signs-bc", "--name", "estimated").Expect(0);
        var estimated = Dataset.Open(_data.Workspace, "estimated");
        Assert.Contains(estimated.Manifest.Provenance.Notes, n => n.Contains("one model, which may have learned from the same episodes", StringComparison.Ordinal));
        Tool.Run(_data.Root, "ingest", "record", "--name", "cartpole", "--steps", "100").Expect(0);
        Assert.Contains("Set --replace", Tool.Run(_data.Root, "ingest", "propensities", "--dataset", "cartpole", "--policy", "signs-bc").Expect(2).Error, StringComparison.Ordinal);
        Assert.Contains("observation", Tool.Run(_data.Root, "ingest", "propensities", "--dataset", "cartpole", "--policy", "signs-bc", "--replace").Expect(2).Error, StringComparison.Ordinal);
        Assert.Contains("greedy policy is no model", Tool.Run(_data.Root, "ingest", "propensities", "--dataset", "signs", "--policy", "run:signs-bc,greedy=true").Expect(2).Error, StringComparison.Ordinal);
        Assert.Equal(3, Directory.EnumerateDirectories(Path.Combine(_data.Root, "data")).Count());
    }
}
