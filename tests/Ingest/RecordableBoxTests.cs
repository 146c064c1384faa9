using OfflineRL.Datasets;
using OfflineRL.Environments;
using OfflineRL.Ingest;

namespace OfflineRL.Tests.Ingest;

/// <summary>The recorder and every environment of the registry.</summary>
public sealed class RecordableBoxTests : IDisposable
{
    readonly Recording _recording = new();

    public static TheoryData<string> Ids => new(EnvironmentRegistry.All.Select(d => d.Id));

    public static TheoryData<string> IdsThatNeedNothing => new(EnvironmentRegistry.All.Where(d => d.Requirement.Length == 0).Select(d => d.Id));

    public void Dispose() => _recording.Dispose();

    [Theory]
    [MemberData(nameof(Ids))]
    public void Record_OfAHeldOutVariant_IsRefusedAndLeavesNothing(string id)
    {
        // A wrapper's held-out range is one too.
        foreach (var variant in EnvironmentRegistry.Definition(id).HeldOutVariants.Select(v => v.Id).Append($"{id}?observation_delay=1"))
        {
            var error = Assert.Throws<UserErrorException>(() => _recording.Record(new RecordConfig { Environment = variant, Name = "held", Steps = 10 }));
            Assert.Contains("may not be recorded", error.Message, StringComparison.Ordinal);
        }

        _recording.AssertNothingLeft();
    }

    [Theory]
    [MemberData(nameof(IdsThatNeedNothing))]
    public void Record_OfEveryEnvironmentByDefault_HoldsAndDoesNotDependOnTheBatch(string id)
    {
        var dataset = _recording.Record(new RecordConfig { Environment = id, Name = "many", Steps = 700, Batch = 7 });
        dataset.Check(NullProgress.Instance);
        Assert.Equal(700, dataset.Manifest.Counts.Steps);
        Assert.Equal(EnvironmentRegistry.Resolve(id), dataset.Manifest.Environment);
        Assert.Equal(PropensitySource.Logged, dataset.Manifest.PropensitySource);
        var one = _recording.Record(new RecordConfig { Environment = id, Name = "one", Steps = 700, Batch = 1 });
        Assert.Equal(dataset.Manifest.ContentHash, one.Manifest.ContentHash);
    }
}
