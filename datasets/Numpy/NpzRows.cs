namespace OfflineRL.Datasets;

/// <summary>An array read forward, a few rows (slices along the first dimension) at a time.</summary>
/// <remarks>Numbers are converted as <see cref="NpzFile"/> says. The checksum is compared after the last row.</remarks>
public sealed class NpzRows : IDisposable
{
    readonly Stream _stream;
    readonly uint? _crc32;
    long _elements;
    byte[]? _text;

    internal NpzRows(NpzEntry entry, Stream stream, uint? crc32, string source)
    {
        (Entry, _stream, _crc32, Source) = (entry, stream, crc32, source);
        Width = entry.Rows == 0 ? 0 : entry.Count / entry.Rows;
    }

    /// <summary>An array that is read from a stream whose length is not known, such as a decompressed one.</summary>
    /// <param name="stream">Stands at the head; disposed with the rows.</param>
    /// <param name="name">What to call the array.</param>
    /// <param name="source">For messages.</param>
    /// <exception cref="UserErrorException">It is no array of numbers, or one in Fortran order of more than one dimension.</exception>
    public static NpzRows Open(Stream stream, string name, string source)
    {
        var header = NpzFile.Guard(source, () => NpyHeader.Read(stream, null, source));
        if (header.FortranOrder && header.Shape.Count > 1)
            throw Throw.NpzFortranRows(source);
        return new NpzRows(new NpzEntry(name, header.Type, header.Shape, false), stream, null, source);
    }

    /// <summary>The array.</summary>
    public NpzEntry Entry { get; }

    /// <summary>Rows of the array.</summary>
    public long Count => Entry.Rows;

    /// <summary>Numbers a row.</summary>
    public long Width { get; }

    /// <summary>Rows that were read so far.</summary>
    public long Position { get; private set; }

    internal string Source { get; }

    /// <summary>Reads whole rows.</summary>
    /// <param name="rows">Room for some rows: a multiple of <see cref="Width"/> numbers; double, float, long, int, byte or bool.</param>
    /// <returns>Rows read; 0: there are no more.</returns>
    /// <exception cref="UserErrorException">Damage, or an element that is no such number.</exception>
    /// <exception cref="ArgumentException">There is room for a part of a row, or for none.</exception>
    public int Read<T>(Span<T> rows)
        where T : unmanaged
    {
        var left = Count - Position;
        if (left == 0)
            return 0;
        if (Width == 0)
        {
            var empty = (int)Math.Min(left, int.MaxValue);
            Position += empty;
            return empty;
        }

        if (rows.Length < Width || rows.Length % Width != 0)
            throw new ArgumentException($"Room for {rows.Length} numbers was given; expected a multiple of {Width}, the numbers of a row.", nameof(rows));
        var count = (int)Math.Min(left, rows.Length / Width);
        ReadElements(rows[..(int)(count * Width)]);
        Position += count;
        if (Position == Count)
            Finish();
        return count;
    }

    /// <summary>The next text of a row of one text (NumPy's U, or S read as UTF-8), without the zeros that pad it.</summary>
    /// <exception cref="UserErrorException">Damage, or an array of numbers.</exception>
    public string ReadText()
    {
        var type = Entry.Type;
        if (type.Kind is not (NpyKind.Text or NpyKind.Bytes))
            throw Throw.NpzKind(Source, type, "text (U or S)");
        _text ??= new byte[type.Size];
        ReadRaw(_text);
        Position++;
        if (Position == Count)
            Finish();
        var encoding = type.Kind == NpyKind.Bytes ? System.Text.Encoding.UTF8 : new System.Text.UTF32Encoding(type.BigEndian, byteOrderMark: false);
        return encoding.GetString(_text).TrimEnd('\0');
    }

    public void Dispose() => _stream.Dispose();

    internal void ReadElements<T>(Span<T> to)
        where T : unmanaged
    {
        try
        {
            NpyValues.Read(_stream, Entry.Type, to, _elements, Source);
            _elements += to.Length;
        }
        catch (Exception e) when (e is InvalidDataException or IOException)
        {
            throw Throw.NpzUnreadable(Source, e is EndOfStreamException ? "it ends too early" : e.Message);
        }
    }

    internal void ReadRaw(Span<byte> element)
    {
        try
        {
            _stream.ReadExactly(element);
        }
        catch (Exception e) when (e is InvalidDataException or IOException)
        {
            throw Throw.NpzUnreadable(Source, e is EndOfStreamException ? "it ends too early" : e.Message);
        }
    }

    /// <summary>All elements were read: nothing may follow, and the checksum must be the file's.</summary>
    internal void Finish() => NpzFile.Guard(Source, () =>
    {
        if (_stream.ReadByte() >= 0)
            throw new InvalidDataException("more bytes follow than it says");
        if (_crc32 is { } expected && ((CheckedStream)_stream).Crc32 != expected)
            throw new InvalidDataException("its checksum is not the one that was stored");
        return true;
    });
}
