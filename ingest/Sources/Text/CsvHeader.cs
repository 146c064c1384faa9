using System.IO.Compression;
using System.Text;

namespace OfflineRL.Ingest;

/// <summary>Reads the first line of a CSV file: names in it, so that nothing about the file is guessed.</summary>
static class CsvHeader
{
    /// <summary>The column names; quotes are taken off, and a column without a name is called <c>columnN</c>, N from 0.</summary>
    /// <exception cref="Datasets.UserErrorException">The file is empty, not text, or names a column twice (case does not count).</exception>
    public static IReadOnlyList<string> Read(string path, char delimiter)
    {
        string? line;
        try
        {
            using var file = File.OpenRead(path);
            using Stream plain = path.EndsWith(".gz", StringComparison.OrdinalIgnoreCase) ? new GZipStream(file, CompressionMode.Decompress) : file;
            using var reader = new StreamReader(plain, Encoding.UTF8);
            line = reader.ReadLine();
        }
        catch (InvalidDataException e)
        {
            throw Throw.NotGzip(path, e);
        }

        if (string.IsNullOrEmpty(line))
            throw Throw.EmptyCsv(path);
        var names = Split(line, delimiter);
        var twice = names.GroupBy(n => n, StringComparer.OrdinalIgnoreCase).FirstOrDefault(g => g.Count() > 1);
        return twice is null ? names : throw Throw.ColumnTwice(path, twice.Key);
    }

    static List<string> Split(string line, char delimiter)
    {
        var names = new List<string>();
        var name = new StringBuilder();
        var quoted = false;
        for (var i = 0; i < line.Length; i++)
        {
            var c = line[i];
            if (c == '"' && quoted && i + 1 < line.Length && line[i + 1] == '"')
                name.Append(line[i++]);
            else if (c == '"')
                quoted = !quoted;
            else if (c == delimiter && !quoted)
                Take();
            else
                name.Append(c);
        }

        Take();
        return names;

        void Take()
        {
            var text = name.ToString().Trim();
            // Tables that were saved with a row index have one column without a name.
            names.Add(text.Length > 0 ? text : $"column{names.Count}");
            name.Clear();
        }
    }
}
