using System.Security.Cryptography;
using OfflineRL.Datasets;

namespace OfflineRL.Ingest;

/// <summary>The files of an import, in the order in which their rows follow one another.</summary>
static class SourceFiles
{
    /// <summary>Expands globs, and folders to all files below them but hidden ones and those that begin with an underscore, in ordinal order.</summary>
    /// <exception cref="UserErrorException">A source matches no file.</exception>
    public static IReadOnlyList<string> Expand(IReadOnlyList<string> sources, DuckDbConnection connection)
    {
        var files = new List<string>();
        foreach (var source in sources)
        {
            var found = File.Exists(source) ? [source] : Directory.Exists(source) ? Below(source) : Glob(source, connection);
            if (found.Count == 0)
                throw Throw.NoSource(source);
            files.AddRange(found);
        }

        return files.Distinct(StringComparer.Ordinal).ToList();
    }

    static List<string> Below(string folder) =>
        Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories)
            .Where(f => !Path.GetRelativePath(folder, f).Split('/', '\\').Any(part => part[0] is '.' or '_'))
            .Order(StringComparer.Ordinal)
            .ToList();

    /// <summary>Size and hash for the provenance.</summary>
    public static SourceFile Describe(string path, CancellationToken cancellation = default)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);
        var buffer = new byte[1 << 20];
        var bytes = 0L;
        while (stream.Read(buffer) is var count and > 0)
        {
            cancellation.ThrowIfCancellationRequested();
            hash.AppendData(buffer.AsSpan(0, count));
            bytes += count;
        }

        return new SourceFile(path, bytes, Convert.ToHexStringLower(hash.GetHashAndReset()));
    }

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
}
