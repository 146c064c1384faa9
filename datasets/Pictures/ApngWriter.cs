using System.Buffers.Binary;

namespace OfflineRL.Datasets;

/// <summary>Animated PNG, true color: browsers play it, and viewers that know only PNG show its first frame.</summary>
sealed class ApngWriter(PendingFile file) : AnimationWriter(file)
{
    const int MillisecondsASecond = 1000;

    long _controlAt;
    int _sequence;

    private protected override void Begin(Canvas frame)
    {
        Stream.Write(PngChunks.Signature);
        PngChunks.WriteHeader(Stream, frame.Width, frame.Height);
        _controlAt = Stream.Position;
        WriteControl();
    }

    private protected override void Write(Canvas frame, Area area, double seconds)
    {
        Span<byte> control = stackalloc byte[26];
        BinaryPrimitives.WriteInt32BigEndian(control, _sequence++);
        BinaryPrimitives.WriteInt32BigEndian(control[4..], area.Width);
        BinaryPrimitives.WriteInt32BigEndian(control[8..], area.Height);
        BinaryPrimitives.WriteInt32BigEndian(control[12..], area.Left);
        BinaryPrimitives.WriteInt32BigEndian(control[16..], area.Top);
        BinaryPrimitives.WriteUInt16BigEndian(control[20..], (ushort)Math.Clamp(Math.Round(seconds * MillisecondsASecond), 1, ushort.MaxValue));
        BinaryPrimitives.WriteUInt16BigEndian(control[22..], MillisecondsASecond);
        // Left in place afterwards, written over what is there.
        (control[24], control[25]) = (0, 0);
        PngChunks.Write(Stream, "fcTL", control);
        if (Frames == 0)
        {
            PngChunks.Write(Stream, "IDAT", PngChunks.Compress(frame, area, []));
            return;
        }

        Span<byte> number = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(number, _sequence++);
        PngChunks.Write(Stream, "fdAT", PngChunks.Compress(frame, area, number));
    }

    private protected override void End()
    {
        PngChunks.Write(Stream, "IEND", []);
        Stream.Position = _controlAt;
        WriteControl();
    }

    // The number of frames stands at the beginning and is known at the end: written twice, with the same length.
    void WriteControl()
    {
        Span<byte> data = stackalloc byte[8];
        BinaryPrimitives.WriteInt32BigEndian(data, Frames);
        PngChunks.Write(Stream, "acTL", data);
    }
}
