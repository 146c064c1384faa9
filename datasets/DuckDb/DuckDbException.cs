using System.Runtime.InteropServices;

namespace OfflineRL.Datasets;

/// <summary>A statement failed; the message is DuckDB's.</summary>
public sealed class DuckDbException : Exception
{
    internal DuckDbException(string message)
        : base(message)
    {
    }

    internal static unsafe DuckDbException From(byte* text, string otherwise) =>
        new(Marshal.PtrToStringUTF8((nint)text) is { Length: > 0 } message ? message : otherwise);
}
