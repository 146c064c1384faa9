using OfflineRL.Datasets;
using OfflineRL.Ingest;
using OfflineRL.Tests.Ingest;

namespace OfflineRL.Tests.Datasets;

public sealed class ReadEpisodeTests : IDisposable
{
    readonly Recording _recording = new();

    public void Dispose() => _recording.Dispose();

    [Fact]
    public void ReadEpisode_OfEveryNumber_GivesWhatStreamingGives()
    {
        // Long enough for several chunks of 2,048 rows, and for episodes that lie across two of them.
        var dataset = _recording.Record(new RecordConfig { Steps = 7000 });
        var streamed = new List<string>();
        dataset.ReadEpisodes((EpisodeRecord record, in EpisodeColumns e) => streamed.Add(Text(record, e)));
        Assert.Contains(dataset.Episodes, e => e.FirstRow / 2048 != (e.FirstRow + e.Steps - 1) / 2048);
        for (var i = 0; i < streamed.Count; i += i is 0 ? 1 : 3)
        {
            string? one = null;
            dataset.ReadEpisode(i, (EpisodeRecord record, in EpisodeColumns e) => one = Text(record, e));
            Assert.Equal(streamed[i], one);
        }

        Assert.Equal(streamed.Count, streamed.Distinct().Count());
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(100_000)]
    public void ReadEpisode_OfANumberThatIsNot_NamesTheRange(long episode)
    {
        var dataset = _recording.Record(new RecordConfig { Steps = 100 });
        var error = Assert.Throws<UserErrorException>(() => dataset.ReadEpisode(episode, (EpisodeRecord record, in EpisodeColumns e) => Assert.Fail("visited")));
        Assert.Contains($"has no episode {episode}; it has {dataset.Episodes.Count}, numbered 0 to {dataset.Episodes.Count - 1}", error.Message, StringComparison.Ordinal);
    }

    static string Text(EpisodeRecord record, in EpisodeColumns e) =>
        $"{record.EpisodeKey} {record.Return} {Join(e.Observations)} {Join(e.FinalObservation)} {Join(e.DiscreteActions)} {Join(e.Rewards)} {Join(e.BehaviorLogProbabilities)} {Join(e.BehaviorProbabilities)}";

    static string Join<T>(ReadOnlySpan<T> values) => string.Join(' ', values.ToArray());
}
