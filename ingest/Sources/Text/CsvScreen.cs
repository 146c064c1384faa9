using System.Globalization;
using System.Text;
using System.Text.Unicode;

namespace OfflineRL.Ingest;

/// <summary>
/// Finds the records of a CSV file that are none: another number of fields, broken quotes, bytes that are no UTF-8. A quote that is never
/// closed costs its own line alone: what follows is judged line by line again. In memory of one record.
/// </summary>
sealed class CsvScreen(byte delimiter, int width)
{
    /// <summary>Bytes of a record at most: as many as DuckDB takes.</summary>
    public const int LongestRecord = 2_000_000;

    const int TextShown = 200;

    readonly byte[] _buffer = new byte[LongestRecord * 2];

    /// <param name="path">The file, packed or not.</param>
    /// <param name="copy">Gets the header and the good records, LF behind each; null: none is written.</param>
    /// <param name="reject">Called with a record's number, from 1 without the header, and what is wrong.</param>
    /// <returns>Whether all records are good and their lines end alike.</returns>
    /// <exception cref="InvalidDataException">The file is packed, and damaged.</exception>
    public bool Run(string path, string? copy, Action<long, string> reject)
    {
        using var source = SourceText.Open(path);
        using var output = copy is null ? null : File.Create(copy, 1 << 20);
        var (start, end, ended, row) = (0, 0, false, -1L);
        var (clean, lf, crlf) = (true, false, false);
        while (true)
        {
            if (!ended && end - start < LongestRecord)
            {
                _buffer.AsSpan(start, end - start).CopyTo(_buffer);
                (start, end) = (0, end - start);
                var read = source.ReadAtLeast(_buffer.AsSpan(end), _buffer.Length - end, throwOnEndOfStream: false);
                ended = end + read < _buffer.Length;
                end += read;
            }

            if (start == end)
                return clean && !(lf && crlf);
            var rest = _buffer.AsSpan(start, end - start);
            if (row < 0 && rest.StartsWith((ReadOnlySpan<byte>)[0xEF, 0xBB, 0xBF]))
                rest = rest[3..];
            var fault = Record(rest, out var length, out var fields);
            var record = rest[..length];
            var content = record.EndsWith("\r\n"u8) ? record[..^2] : record.EndsWith("\n"u8) ? record[..^1] : record;
            if (record.EndsWith("\n"u8))
                (lf, crlf) = (lf || record.Length - content.Length == 1, crlf || record.Length - content.Length == 2);
            start = end - rest.Length + length;
            // DuckDB steps over empty lines, so they have no number.
            if (content.IsEmpty && width > 1)
                continue;
            fault ??= fields != width ? string.Create(CultureInfo.InvariantCulture, $"found {fields} fields; expected {width}, as in the header") : null;
            fault ??= Utf8.IsValid(content) ? null : "the line is not UTF-8";
            if (fault is null || row < 0)
            {
                output?.Write(content);
                output?.WriteByte((byte)'\n');
            }
            else
            {
                clean = false;
                reject(row + 1, $"{fault}: {Shown(content)}");
            }

            row++;
        }
    }

    /// <summary>A text for a message, cut where it is long.</summary>
    public static string Shown(ReadOnlySpan<byte> text) =>
        "'" + Encoding.UTF8.GetString(text[..Math.Min(text.Length, TextShown)]) + (text.Length > TextShown ? "…'" : "'");

    string? Record(ReadOnlySpan<byte> text, out int length, out int fields)
    {
        var line = text.IndexOf((byte)'\n');
        length = line < 0 ? text.Length : line + 1;
        fields = 1;
        // Most lines have no quotes: counting delimiters is enough.
        if (text[..length].IndexOf((byte)'"') < 0)
        {
            fields += text[..length].Count(delimiter);
            return length > LongestRecord ? $"the line is longer than {LongestRecord:N0} bytes" : null;
        }

        var (at, most) = (0, Math.Min(text.Length, LongestRecord));
        while (true)
        {
            var first = at;
            while (first < most && text[first] == ' ')
                first++;
            if (first < most && text[first] == '"')
            {
                at = AfterQuotes(text[..most], first + 1);
                if (at < 0)
                    return "a quote is not closed";
                while (at < most && text[at] == ' ')
                    at++;
                if (at < most && text[at] != delimiter && text[at] != '\n' && !text[at..].StartsWith("\r\n"u8))
                    return "a closing quote is followed by more text";
            }
            else
            {
                var end = text[at..most].IndexOfAny(delimiter, (byte)'\n');
                at = end < 0 ? most : at + end;
            }

            if (at < most && text[at] == delimiter)
            {
                fields++;
                at++;
                continue;
            }

            at += at < most && text[at] == '\r' ? 1 : 0;
            length = Math.Min(most, at + 1);
            return at >= most && most < text.Length ? $"the record is longer than {LongestRecord:N0} bytes" : null;
        }
    }

    // The place behind the closing quote; -1: there is none.
    static int AfterQuotes(ReadOnlySpan<byte> text, int at)
    {
        while (true)
        {
            var quote = text[at..].IndexOf((byte)'"');
            if (quote < 0)
                return -1;
            at += quote + 1;
            if (at >= text.Length || text[at] != '"')
                return at;
            at++;
        }
    }
}
