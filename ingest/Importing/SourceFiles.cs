using System.Security.Cryptography;
using OfflineRL.Datasets;

namespace OfflineRL.Ingest;

/// <summary>The files of an import, in the order in which their rows follow one another.</summary>
static class SourceFiles
{
    /// <summary>Expands globs.</summary>
    /// <exception cref="UserErrorException">A source matches no file.</exception>
    public static IReadOnlyList<string> Expand(IReadOnlyList<string> sources, DuckDbConnection connection)
    {
        var files = new List<string>();
        foreach (var source in sources)
        {
            var found = File.Exists(source) ? [source] : Glob(source, connection);
            if (found.Count == 0)
                throw Throw.NoSource(source);
            files.AddRange(found);
        }

        return files.Distinct(StringComparer.Ordinal).ToList();
    }

    /// <summary>How all the files are read; they are of one kind.</summary>
    /// <exception cref="UserErrorException">Endings are mixed.</exception>
    public static SourceFormat Format(SourceFormat configured, IReadOnlyList<string> files)
    {
        if (configured != SourceFormat.Auto)
            return configured;
        var other = files.FirstOrDefault(f => OfName(f) != OfName(files[0]));
        return other is null ? OfName(files[0]) : throw Throw.MixedFormats(files[0], other);
    }

    /// <summary>Size and hash for the provenance; a Parquet file that is cut short is found here.</summary>
    public static SourceFile Describe(string path, SourceFormat format)
    {
        using var stream = File.OpenRead(path);
        if (format == SourceFormat.Parquet && !HasParquetFrame(stream))
            throw Throw.NotParquet(path, stream.Length);
        stream.Position = 0;
        return new SourceFile(path, stream.Length, Convert.ToHexStringLower(SHA256.HashData(stream)));
    }

    static SourceFormat OfName(string path) =>
        path.EndsWith(".parquet", StringComparison.OrdinalIgnoreCase) ? SourceFormat.Parquet : SourceFormat.Csv;

    static List<string> Glob(string pattern, DuckDbConnection connection)
    {
        var files = new List<string>();
        using var result = connection.Query("SELECT file FROM glob(?)", pattern);
        while (result.Next() is { } chunk)
        {
            using (chunk)
            {
                for (var row = 0; row < chunk.Rows; row++)
                    files.Add(chunk[0].Text(row));
            }
        }

        files.Sort(StringComparer.Ordinal);
        return files;
    }

    // A Parquet file begins and ends with its name; a copy that broke off lacks the end.
    static bool HasParquetFrame(FileStream stream)
    {
        Span<byte> magic = stackalloc byte[4];
        if (stream.Length < 12)
            return false;
        stream.ReadExactly(magic);
        if (!magic.SequenceEqual("PAR1"u8))
            return false;
        stream.Position = stream.Length - 4;
        stream.ReadExactly(magic);
        return magic.SequenceEqual("PAR1"u8);
    }
}
