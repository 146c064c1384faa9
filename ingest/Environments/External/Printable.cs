namespace OfflineRL.Environments;

/// <summary>Text from a child, made fit for a terminal.</summary>
static class Printable
{
    /// <summary>Lines kept, every other control character a dot, no empty lines around.</summary>
    public static string Text(string text) =>
        string.Concat(text.Replace("\r\n", "\n", StringComparison.Ordinal).Select(c => c is '\n' or '\t' || !char.IsControl(c) ? c : '.')).Trim();

    /// <summary>Bytes that should have been something else: ASCII, the rest dots.</summary>
    public static string Bytes(ReadOnlySpan<byte> bytes)
    {
        Span<char> text = stackalloc char[Math.Min(bytes.Length, 48)];
        for (var i = 0; i < text.Length; i++)
            text[i] = bytes[i] is >= 0x20 and < 0x7F ? (char)bytes[i] : '.';
        return new string(text);
    }
}
