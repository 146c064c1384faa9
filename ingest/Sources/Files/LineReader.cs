namespace OfflineRL.Ingest;

/// <summary>
/// The lines of a text, as bytes, in memory of one line. A byte order mark at the start and the CR of a CRLF are taken off.
/// </summary>
sealed class LineReader(Stream stream) : IDisposable
{
    /// <summary>Bytes a line may have; of a longer one only the start is kept.</summary>
    public const int Longest = 128 << 20;

    byte[] _buffer = new byte[1 << 20];
    int _start;
    int _end;
    bool _ended;

    /// <summary>Number of the line that was read last, from 1.</summary>
    public long Row { get; private set; }

    /// <summary>Whether the line that was read last has more than <see cref="Longest"/> bytes.</summary>
    public bool TooLong { get; private set; }

    /// <summary>The next line; valid until the next call.</summary>
    /// <returns>False at the end.</returns>
    /// <exception cref="InvalidDataException">The file is packed, and damaged.</exception>
    public bool Next(out ReadOnlySpan<byte> line)
    {
        TooLong = false;
        var seen = 0;
        while (true)
        {
            var at = _buffer.AsSpan(_start + seen, _end - _start - seen).IndexOf((byte)'\n');
            if (at >= 0)
            {
                line = Take(seen + at, 1);
                return true;
            }

            seen = _end - _start;
            if (_ended)
            {
                line = Take(seen, 0);
                return seen > 0;
            }

            if (seen >= Longest)
            {
                line = SkipRest();
                return true;
            }

            Fill();
        }
    }

    public void Dispose() => stream.Dispose();

    ReadOnlySpan<byte> Take(int length, int newline)
    {
        ReadOnlySpan<byte> line = _buffer.AsSpan(_start, length);
        _start += length + newline;
        Row += length + newline > 0 ? 1 : 0;
        if (Row == 1 && line.StartsWith((ReadOnlySpan<byte>)[0xEF, 0xBB, 0xBF]))
            line = line[3..];
        return line.EndsWith("\r"u8) ? line[..^1] : line;
    }

    // The start is kept where it lies; what follows is read behind it again and again.
    ReadOnlySpan<byte> SkipRest()
    {
        const int kept = 200;
        _buffer.AsSpan(_start, kept).CopyTo(_buffer);
        while (true)
        {
            var read = stream.Read(_buffer, kept, _buffer.Length - kept);
            var at = _buffer.AsSpan(kept, read).IndexOf((byte)'\n');
            if (at < 0 && read > 0)
                continue;
            _ended |= read == 0;
            (_start, _end) = (kept + Math.Max(0, at + 1), kept + read);
            (TooLong, Row) = (true, Row + 1);
            return _buffer.AsSpan(0, kept);
        }
    }

    void Fill()
    {
        if (_start > 0)
        {
            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            (_start, _end) = (0, _end - _start);
        }

        if (_end == _buffer.Length)
            Array.Resize(ref _buffer, _buffer.Length * 2);
        var read = stream.Read(_buffer, _end, _buffer.Length - _end);
        _ended = read == 0;
        _end += read;
    }
}
