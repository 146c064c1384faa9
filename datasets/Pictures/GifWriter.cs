using System.Buffers.Binary;

namespace OfflineRL.Datasets;

/// <summary>GIF 89a with a color table for each frame, for viewers that do not play APNG. Frames stand for whole hundredths of a second.</summary>
sealed class GifWriter(PendingFile file) : AnimationWriter(file)
{
    const byte ExtensionMark = 0x21, FrameMark = 0x2C, EndMark = 0x3B;

    double _shown;
    long _shownHundredths;

    private protected override void Begin(Canvas frame)
    {
        Stream.Write("GIF89a"u8);
        WriteNumber(frame.Width);
        WriteNumber(frame.Height);
        // No color table for all frames, background 0, square pixels.
        Stream.Write([0x70, 0, 0]);
        Stream.Write([ExtensionMark, 0xFF, 11]);
        Stream.Write("NETSCAPE2.0"u8);
        // Repeats for ever.
        Stream.Write([3, 1, 0, 0, 0]);
    }

    private protected override void Write(Canvas frame, Area area, double seconds)
    {
        // Rounding the end of each frame, not its length, keeps the whole as long as it was asked for.
        _shown += seconds;
        var end = Math.Max(_shownHundredths + 1, (long)Math.Round(_shown * 100));
        var hundredths = (int)Math.Min(end - _shownHundredths, ushort.MaxValue);
        _shownHundredths = end;
        Stream.Write([ExtensionMark, 0xF9, 4, 1 << 2]);
        WriteNumber(hundredths);
        Stream.Write([0, 0]);

        var (table, indices) = GifPalette.Of(frame, area);
        var bits = 1;
        while (1 << bits < table.Count)
            bits++;
        Stream.WriteByte(FrameMark);
        WriteNumber(area.Left);
        WriteNumber(area.Top);
        WriteNumber(area.Width);
        WriteNumber(area.Height);
        Stream.WriteByte((byte)(0x80 | (bits - 1)));
        for (var i = 0; i < 1 << bits; i++)
        {
            var color = i < table.Count ? table[i] : Color.Black;
            Stream.Write([color.Red, color.Green, color.Blue]);
        }

        GifCompressor.Write(Stream, indices, Math.Max(2, bits));
    }

    private protected override void End() => Stream.WriteByte(EndMark);

    void WriteNumber(int value)
    {
        Span<byte> bytes = stackalloc byte[2];
        BinaryPrimitives.WriteUInt16LittleEndian(bytes, checked((ushort)value));
        Stream.Write(bytes);
    }
}
