using System.Buffers.Binary;

namespace OfflineRL.Environments;

/// <summary>The types of frames, by PROTOCOL.md.</summary>
enum FrameType : byte
{
    Hello = 1,
    Ready = 2,
    Reset = 3,
    Started = 4,
    Step = 5,
    Stepped = 6,
    Render = 7,
    Frame = 8,
    Close = 9,
    Error = 15,
}

/// <summary>The header of frames and the limits, by PROTOCOL.md.</summary>
static class Frame
{
    public const int HeaderBytes = 8;
    public const byte Version = 1;
    public const int MostBatch = 1 << 16;
    public const int MostReadyBytes = 16 << 20;
    public const int MostErrorBytes = 64 << 10;
    public const int MostBytes = 1 << 30;

    public static ReadOnlySpan<byte> Magic => "OR"u8;

    /// <summary>A whole CLOSE.</summary>
    public static ReadOnlySpan<byte> Close => [(byte)'O', (byte)'R', Version, (byte)FrameType.Close, 0, 0, 0, 0];

    public static void WriteHeader(Span<byte> frame, FrameType type, int payloadBytes)
    {
        Magic.CopyTo(frame);
        (frame[2], frame[3]) = (Version, (byte)type);
        BinaryPrimitives.WriteInt32LittleEndian(frame[4..], payloadBytes);
    }

    public static bool HasMagic(ReadOnlySpan<byte> frame) => frame.StartsWith(Magic[..Math.Min(frame.Length, Magic.Length)]);

    /// <summary>As the documentation writes it.</summary>
    public static string Name(byte type) =>
        Enum.IsDefined((FrameType)type) ? ((FrameType)type).ToString().ToUpperInvariant() : FormattableString.Invariant($"a frame of the unknown type {type}");
}
