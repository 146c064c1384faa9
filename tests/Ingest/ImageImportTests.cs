using OfflineRL.Datasets;
using OfflineRL.Ingest;

namespace OfflineRL.Tests.Ingest;

/// <summary>Columns of unsigned bytes become images; what an export says of a dataset comes back.</summary>
public sealed class ImageImportTests : IDisposable
{
    readonly Recording _recording = new();

    public void Dispose() => _recording.Dispose();

    static ImportConfig Map(string path) => new()
    {
        Name = "images",
        Source = [path],
        EpisodeId = ["e"],
        EpisodeKey = EpisodeKeyRule.Given,
        BehaviorPolicyColumn = "who",
        Observation = ["o"],
        ObservationShape = [2, 3],
        NextObservation = ["n"],
        Action = ["a"],
        Reward = "r",
        Terminated = "d",
    };

    const string Rows = """
        SELECT * FROM (VALUES
          ('k1', 'p', '\x00\x01\x02\x03\x04\x05'::BLOB, '\x06\x07\x08\x09\x0A\xFF'::BLOB, 0, 1.0, false),
          ('k1', 'p', '\x06\x07\x08\x09\x0A\xFF'::BLOB, '\x01\x01\x01\x01\x01\x01'::BLOB, 1, 1.0, true),
          ('k2', 'q', '\x10\x11\x12\x13\x14\x15'::BLOB, NULL, 1, 2.0, false)) t(e, who, o, n, a, r, d)
        """;

    [Fact]
    public void BlobColumns_BecomeImagesOfTheShapeThatIsGiven()
    {
        var dataset = _recording.Import(Map(_recording.WriteParquet("a.parquet", Rows)));
        var space = Assert.IsType<BoxSpace>(dataset.Manifest.ObservationSpace);
        Assert.Equal([2, 3], space.Shape);
        Assert.Equal(ElementType.UInt8, space.ElementType);
        Assert.All(space.High, high => Assert.Equal(255, high));
        var found = new List<(string Key, string Policy, byte[] Bytes, byte[] Final)>();
        dataset.ReadEpisodes((EpisodeRecord record, in EpisodeColumns e) => found.Add((record.EpisodeKey, record.BehaviorPolicy, e.ObservationBytes.ToArray(), e.FinalObservationBytes.ToArray())));
        Assert.Equal(("k1", "p"), (found[0].Key, found[0].Policy));
        Assert.Equal([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 255], found[0].Bytes);
        Assert.Equal([1, 1, 1, 1, 1, 1], found[0].Final);
        Assert.Equal(("k2", "q"), (found[1].Key, found[1].Policy));
        Assert.Empty(found[1].Final);
        dataset.Check(NullProgress.Instance);
    }

    [Fact]
    public void AnImageOfAnotherLength_IsNamedWithItsRow()
    {
        var path = _recording.WriteParquet("a.parquet", Rows + " UNION ALL SELECT 'k3', 'p', '\\x00'::BLOB, NULL, 0, 1.0, true");
        var error = Assert.Throws<UserErrorException>(() => _recording.Import(Map(path)));
        Assert.Contains("row 4, column 'o': found 1 bytes; expected 6 bytes, as in the first row", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AShapeThatDoesNotFit_IsRefused()
    {
        var error = Assert.Throws<UserErrorException>(() => _recording.Import(Map(_recording.WriteParquet("a.parquet", Rows)) with { ObservationShape = [84, 84] }));
        Assert.Contains("expected 7056: what observation_shape multiplies to", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ANextImageThatIsNotTheNextRows_CutsTheEpisode()
    {
        var path = _recording.WriteParquet("a.parquet", Rows.Replace("'\\x06\\x07\\x08\\x09\\x0A\\xFF'::BLOB, 0", "'\\x07\\x07\\x08\\x09\\x0A\\xFF'::BLOB, 0", StringComparison.Ordinal));
        Assert.Equal(3, _recording.Import(Map(path)).Manifest.Counts.Episodes);
    }
}
