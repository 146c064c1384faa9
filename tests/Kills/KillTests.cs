using OfflineRL.Datasets;
using OfflineRL.Tests.Cli;

namespace OfflineRL.Tests.Kills;

/// <summary>A few kills of each kind; the benchmark target 'kills' has two hundred.</summary>
public sealed class KillTests : IDisposable
{
    const int KillsEach = 2;

    readonly string _root = Directory.CreateTempSubdirectory("offlinerl-kills-").FullName;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public void KilledAtAnyInstant_LeavesTheOldStateOrTheNewOne()
    {
        var trials = new KillTrials(Tool.Path, _root, 10_000);
        trials.Prepare(Enum.GetValues<KilledWork>());
        var random = RandomStream.Create(7, "kills");
        var results = new List<KillResult>();
        foreach (var work in Enum.GetValues<KilledWork>())
        {
            // Late instants are the interesting ones: before, the tool only starts.
            for (var i = 0; i < KillsEach; i++)
                results.Add(trials.Kill(work, trials.DurationOf(work) * random.Uniform(0.3, 1.1)));
        }

        foreach (var result in results)
            TestContext.Current.TestOutputHelper?.WriteLine(result.ToString());
        Assert.Equal(KillsEach * 4, results.Count);
        Assert.All(results, r => Assert.Null(r.Fault));
    }

    [Fact]
    public void Trials_WhereADatasetDoesNotHold_SayFault()
    {
        var trials = new KillTrials(Tool.Path, _root, 2_000);
        trials.Prepare(KilledWork.Record);
        var data = Path.Combine(_root, "data", "record-v1", "episodes.parquet");
        File.WriteAllText(data, "not Parquet");
        Assert.NotNull(trials.Kill(KilledWork.Record, TimeSpan.FromMilliseconds(20)).Fault);
    }
}
