using OfflineRL.Datasets;

namespace OfflineRL.Ingest;

/// <summary>Apache Parquet, read by DuckDB.</summary>
sealed class ParquetSource : ISourceReader
{
    public SourceFormat Format => SourceFormat.Parquet;

    public bool Recognizes(SourceProbe probe) =>
        probe.HeadStartsWith("PAR1"u8) || probe.Path.EndsWith(".parquet", StringComparison.OrdinalIgnoreCase);

    public SourceTable Open(SourceRequest request)
    {
        foreach (var path in request.Paths)
            RequireFrame(path);
        return SourceTable.Of(request.Connection, request.Paths, $"read_parquet({DuckDbSql.Texts(request.Paths)})");
    }

    public ImportConfig Fill(ImportConfig config, SourceTable table) => config;

    // A Parquet file begins and ends with its name; a copy that broke off lacks the end.
    static void RequireFrame(string path)
    {
        using var stream = File.OpenRead(path);
        Span<byte> magic = stackalloc byte[4];
        var whole = stream.Length >= 12;
        if (whole)
        {
            stream.ReadExactly(magic);
            whole = magic.SequenceEqual("PAR1"u8);
            stream.Position = stream.Length - 4;
            stream.ReadExactly(magic);
            whole &= magic.SequenceEqual("PAR1"u8);
        }

        if (!whole)
            throw Throw.NotParquet(path, stream.Length);
    }
}
