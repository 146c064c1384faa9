using System.Text;

namespace OfflineRL.Ingest;

/// <summary>How a CSV file is written, by its first bytes.</summary>
/// <param name="Names">Of the columns; one without a name is called <c>columnN</c>, N from 0.</param>
/// <param name="Delimiter">Between fields.</param>
/// <param name="MixedLineEnds">Whether lines end in LF and in CRLF.</param>
sealed record CsvHeader(IReadOnlyList<string> Names, char Delimiter, bool MixedLineEnds)
{
    const int HeadBytes = 256 * 1024, SampleRecords = 100;

    static readonly char[] Delimiters = [',', '\t', ';', '|'];

    /// <param name="path">The file, packed or not.</param>
    /// <param name="delimiter">As configured; null: the one that the first records agree on.</param>
    /// <exception cref="Datasets.UserErrorException">The file is empty, not UTF-8 text, or names a column twice (case does not count).</exception>
    public static CsvHeader Read(string path, char? delimiter)
    {
        var text = Head(path);
        delimiter ??= Guess(text);
        var names = Record(text, 0, delimiter.Value, out _)
            // Tables that were saved with a row index have one column without a name.
            .Select((name, i) => name.Trim() is { Length: > 0 } trimmed ? trimmed : $"column{i}")
            .ToList();
        var twice = names.GroupBy(n => n, StringComparer.OrdinalIgnoreCase).FirstOrDefault(g => g.Count() > 1);
        return twice is null ? new CsvHeader(names, delimiter.Value, Mixed(text)) : throw Throw.ColumnTwice(path, twice.Key);
    }

    /// <summary>Whether the bytes may be text in UTF-8, the last character of which may be cut.</summary>
    public static bool MayBeText(ReadOnlySpan<byte> head) => !head.Contains((byte)0) && !head.StartsWith((ReadOnlySpan<byte>)[0xFF, 0xFE]) && !head[..Math.Min(head.Length, 4096)].ContainsAnyInRange((byte)1, (byte)8);

    static string Head(string path)
    {
        var bytes = new byte[HeadBytes];
        var read = SourceText.Guard(path, () =>
        {
            using var plain = SourceText.Open(path);
            return plain.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
        });
        var head = bytes.AsSpan(0, read);
        if (head.StartsWith((ReadOnlySpan<byte>)[0xEF, 0xBB, 0xBF]))
            head = head[3..];
        if (head.StartsWith((ReadOnlySpan<byte>)[0xFF, 0xFE]) || head.StartsWith((ReadOnlySpan<byte>)[0xFE, 0xFF]))
            throw Throw.NotUtf8(path, "UTF-16");
        if (head.Contains((byte)0))
            throw Throw.NotUtf8(path, "no text: there are bytes of zero");
        if (head.IsEmpty || head[0] is (byte)'\n' or (byte)'\r')
            throw Throw.EmptyCsv(path);
        return Encoding.UTF8.GetString(head);
    }

    // The delimiter that most records have as often as the first one does; of several, the one that makes most columns.
    static char Guess(string text)
    {
        var (best, bestScore) = (',', 0.0);
        foreach (var candidate in Delimiters)
        {
            var at = 0;
            var width = Record(text, at, candidate, out at).Count;
            var (records, agree) = (0, 0);
            while (at < text.Length && records < SampleRecords)
            {
                var count = Record(text, at, candidate, out at).Count;
                // The last record may be cut by the end of the head.
                if (at < text.Length || text.Length < HeadBytes / 2)
                {
                    records++;
                    agree += count == width ? 1 : 0;
                }
            }

            var score = width == 1 ? 0 : (records == 0 ? 1 : (double)agree / records) + (width * 1e-6);
            (best, bestScore) = score > bestScore ? (candidate, score) : (best, bestScore);
        }

        return best;
    }

    static bool Mixed(string text)
    {
        var (lf, crlf) = (false, false);
        for (var at = text.IndexOf('\n'); at >= 0; at = text.IndexOf('\n', at + 1))
        {
            var carriage = at > 0 && text[at - 1] == '\r';
            (lf, crlf) = (lf || !carriage, crlf || carriage);
        }

        return lf && crlf;
    }

    /// <summary>The fields of the record at a place, quotes taken off, and the place of the next one.</summary>
    static List<string> Record(string text, int at, char delimiter, out int next)
    {
        var fields = new List<string>();
        var field = new StringBuilder();
        var quoted = false;
        for (next = at; next < text.Length; next++)
        {
            var c = text[next];
            if (c == '"' && quoted && next + 1 < text.Length && text[next + 1] == '"')
                field.Append(text[next++]);
            else if (c == '"')
                quoted = !quoted;
            else if (c == delimiter && !quoted)
                Take();
            else if (c == '\n' && !quoted)
                break;
            else if (c != '\r' || quoted)
                field.Append(c);
        }

        next++;
        Take();
        return fields;

        void Take()
        {
            fields.Add(field.ToString());
            field.Clear();
        }
    }
}
