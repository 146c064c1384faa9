using OfflineRL.Datasets;

namespace OfflineRL.Ingest;

/// <summary>Every format that can be imported.</summary>
static class SourceReaders
{
    /// <summary>In the order in which they are asked whether they know a file: what has a magic number first, plain text last.</summary>
    static readonly ISourceReader[] All =
    [
        new ParquetSource(),
        new NumpySource(),
        new Hdf5Source(),
        new DqnReplaySource(),
        new RllibSource(),
        new DsjsonSource(),
        new JsonSource(),
        new OpenBanditSource(),
        new VwSource(),
        new CsvSource(SourceFormat.Csv),
        new CsvSource(SourceFormat.Tsv),
    ];

    /// <summary>The reader of all the files; they are of one format.</summary>
    /// <exception cref="UserErrorException">No format knows a file, or the files' formats differ.</exception>
    public static ISourceReader Find(SourceFormat configured, IReadOnlyList<string> paths)
    {
        if (configured != SourceFormat.Auto)
            return All.Single(r => r.Format == configured);
        var first = Of(paths[0]);
        foreach (var path in paths.Skip(1))
        {
            if (Of(path) is var other && other != first)
                throw Throw.MixedFormats(paths[0], first.Format, path, other.Format);
        }

        return first;
    }

    /// <summary>A format that is decoded, by name.</summary>
    public static StagedSource Staged(SourceFormat format) => All.OfType<StagedSource>().Single(r => r.Format == format);

    static ISourceReader Of(string path)
    {
        var probe = SourceProbe.Open(path);
        return All.FirstOrDefault(r => r.Recognizes(probe)) ?? throw Throw.UnknownFormat(path, All.Select(r => r.Format));
    }
}
