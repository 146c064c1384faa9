using System.Numerics;
using System.Runtime.InteropServices;

namespace OfflineRL.Ingest;

/// <summary>A 64-bit hash of columns; equal columns have equal ones. Not for what somebody might forge.</summary>
struct Fingerprint()
{
    const ulong Multiplier = 0x9E3779B97F4A7C15;

    ulong _state = 0x6A09E667F3BCC908;

    public void Add<T>(ReadOnlySpan<T> values)
        where T : unmanaged
    {
        var bytes = MemoryMarshal.AsBytes(values);
        var words = MemoryMarshal.Cast<byte, ulong>(bytes);
        foreach (var word in words)
            Add(word);
        foreach (var b in bytes[(words.Length * sizeof(ulong))..])
            Add(b);
        // Columns of other lengths must not run into one another.
        Add((ulong)bytes.Length);
    }

    public readonly ulong Value => _state ^ (_state >> 31);

    void Add(ulong word) => _state = BitOperations.RotateLeft((_state ^ word) * Multiplier, 29);
}

/// <summary>
/// Which of a stream of fingerprints have been there before. Holds at most <see cref="Most"/>: of more, it goes on with every second one,
/// fourth one and so on, chosen by the fingerprint itself, so that a duplicate is still met by its original.
/// </summary>
sealed class SeenFingerprints
{
    public const int Most = 1 << 20;

    readonly Dictionary<ulong, long> _seen = [];
    ulong _mask;

    /// <summary>Every how manieth fingerprint is looked at: 1 until there are too many.</summary>
    public long Stride => (long)_mask + 1;

    /// <summary>Where the same one was first met; null: nowhere, as far as is known.</summary>
    public long? Add(ulong fingerprint, long position)
    {
        if ((fingerprint & _mask) != 0)
            return null;
        if (_seen.TryGetValue(fingerprint, out var first))
            return first;
        _seen.Add(fingerprint, position);
        if (_seen.Count > Most)
        {
            _mask = (_mask << 1) | 1;
            foreach (var key in _seen.Keys.Where(k => (k & _mask) != 0).ToList())
                _seen.Remove(key);
        }

        return null;
    }
}

/// <summary>Rows that repeat the row before them.</summary>
static class RepeatedRows
{
    /// <summary>The first row from <paramref name="from"/> on that equals the one before it in all columns; -1: none does.</summary>
    /// <param name="steps">T.</param>
    /// <param name="from">At least 1.</param>
    /// <param name="observations">[T, D].</param>
    /// <param name="actions">[T, A] as bytes.</param>
    /// <param name="rewards">[T].</param>
    /// <param name="timestamps">[T], or empty.</param>
    public static int First(int steps, int from, ReadOnlySpan<float> observations, ReadOnlySpan<byte> actions, ReadOnlySpan<double> rewards, ReadOnlySpan<long> timestamps)
    {
        for (var t = from; t < steps; t++)
        {
            if (rewards[t] == rewards[t - 1] && Same(observations, t, steps) && Same(actions, t, steps) && Same(timestamps, t, steps))
                return t;
        }

        return -1;
    }

    static bool Same<T>(ReadOnlySpan<T> values, int row, int steps)
        where T : unmanaged, IEquatable<T>
    {
        var width = values.Length / steps;
        return values.Slice((row - 1) * width, width).SequenceEqual(values.Slice(row * width, width));
    }
}
