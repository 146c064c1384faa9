using OfflineRL.Datasets;
using OfflineRL.Ingest;
using OfflineRL.Tests.Environments;

namespace OfflineRL.Tests.Ingest;

/// <summary>Recordings of the pixel games, from plain planes to stacks of large grey frames.</summary>
public sealed class RecordedPixelsTests : IDisposable
{
    const string Stacked = "Breakout-MinAtar-v1?frame_stack=4&grey=1&resize=84";
    const int Frame = 84 * 84;

    readonly Recording _recording = new();

    public void Dispose() => _recording.Dispose();

    [Theory]
    [MemberData(nameof(PixelGameTests.Ids), MemberType = typeof(PixelGameTests))]
    public void Record_OfAGame_StoresItsPlanesOnceAsBytes(string id)
    {
        var dataset = Record(id, 400, 8);
        Assert.Empty(dataset.Findings(NullProgress.Instance));
        var width = dataset.Manifest.ObservationSpace.FlatSize;
        var counts = new long[2];
        dataset.ReadEpisodes((EpisodeRecord record, in EpisodeColumns e) =>
        {
            Assert.Equal(record.Steps * width, e.ObservationBytes.Length);
            foreach (var value in e.ObservationBytes)
                counts[value]++;
        });
        Assert.Equal(400 * width, counts.Sum());
        // The statistics are those of the bytes stored.
        var spread = Assert.Single(dataset.Manifest.Statistics.Observation);
        Assert.Equal(counts[1] / (double)counts.Sum(), spread.Mean, 1e-12);
        Assert.Equal((0, 1), (spread.Min, spread.Max));
    }

    [Fact]
    public void Record_OfStackedFrames_GivesThemBackAndIsSmall()
    {
        const int Steps = 600;
        var dataset = Record(Stacked, Steps, 8);
        var (rows, shifted) = (0, 0);
        dataset.ReadEpisodes((EpisodeRecord record, in EpisodeColumns e) =>
        {
            for (var t = 0; t < record.Steps; t++, rows++)
            {
                var row = e.ObservationBytes.Slice(t * 4 * Frame, 4 * Frame);
                var next = t + 1 < record.Steps ? e.ObservationBytes.Slice((t + 1) * 4 * Frame, 4 * Frame) : e.FinalObservationBytes;
                Assert.True(row[Frame..].SequenceEqual(next[..(3 * Frame)]));
                shifted += row.SequenceEqual(next) ? 0 : 1;
            }
        });
        Assert.Equal(Steps, rows);
        Assert.True(shifted > Steps * 0.9);
        // Of 28 kB a row little more is kept than the cells that changed in one frame.
        var bytes = dataset.StepFiles.Sum(f => new FileInfo(dataset.PathOf(f)).Length);
        Assert.InRange(bytes / (double)Steps, 1, 400);
    }

    [Fact]
    public void Record_OfStackedFrames_DoesNotDependOnTheBatch() =>
        Assert.Equal(Record(Stacked, 150, 1).Manifest.ContentHash, Record(Stacked, 150, 5).Manifest.ContentHash);

    [Theory]
    [InlineData(40)]
    [InlineData(67)]
    public void Buffer_OfALongRowWithANumberThatIsNoByte_NamesIt(int index)
    {
        var space = new BoxSpace([70], new double[70], [.. Enumerable.Repeat(255.0, 70)], ElementType.UInt8);
        foreach (var value in new[] { 0.5f, -1, 256, 1e10f, float.NaN, float.PositiveInfinity })
        {
            var row = Enumerable.Range(0, 70).Select(i => i * 3.0f).ToArray();
            new EpisodeBuffer(space) { Index = 0 }.Add(row, [], [0], [], 0, 0, []);
            row[index] = value;
            var error = Assert.Throws<UserErrorException>(() => new EpisodeBuffer(space) { Index = 0 }.Add(row, [], [0], [], 0, 0, []));
            Assert.Contains($"at index {index};", error.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Buffer_OfALongRow_KeepsEveryByte()
    {
        var space = new BoxSpace([256 + 3], new double[259], [.. Enumerable.Repeat(255.0, 259)], ElementType.UInt8);
        var buffer = new EpisodeBuffer(space) { Index = 0 };
        buffer.Add(Enumerable.Range(0, 259).Select(i => (float)(i % 256)).ToArray(), [], [0], [], 0, 0, []);
        buffer.Finish(true, false, Enumerable.Range(0, 259).Select(i => 255f - (i % 256)).ToArray());
        var columns = buffer.ToColumns(new EnvironmentIdentity("e", new Dictionary<string, double>()), 0);
        Assert.Equal(Enumerable.Range(0, 259).Select(i => (byte)i), columns.ObservationBytes.ToArray());
        Assert.Equal(Enumerable.Range(0, 259).Select(i => (byte)(255 - (i % 256))), columns.FinalObservationBytes.ToArray());
    }

    Dataset Record(string id, int steps, int batch) => _recording.Record(new RecordConfig { Environment = id, Steps = steps, Batch = batch, Name = "pixels" });
}
