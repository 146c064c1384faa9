namespace OfflineRL.Ingest;

/// <summary>
/// How often each order of magnitude occurs in a stream of numbers that are not negative, eight bins an octave, and where each bin was first
/// met: shares and outliers of any number of rows in a few kilobytes.
/// </summary>
sealed class MagnitudeHistogram
{
    // Three bits of the mantissa: bins an eighth of an octave wide, so that a bin's edge is at most 12.5 % below its values.
    const int Shift = 20;

    // From 2^-40 up: what is smaller is zero for every purpose here.
    const int LowestBin = (127 - 40) << 3;
    const int Bins = (255 << 3) - LowestBin;

    readonly long[] _counts = new long[Bins];
    readonly (long Position, float Value)[] _first = new (long, float)[Bins];

    /// <summary>Numbers that are not zero.</summary>
    public long Count { get; private set; }

    /// <param name="magnitude">At least 0.</param>
    /// <param name="position">Of its row.</param>
    /// <param name="value">What to show of it.</param>
    public void Add(float magnitude, long position, float value)
    {
        var bin = Bin(magnitude);
        if (bin < 0)
            return;
        Count++;
        if (_counts[bin]++ == 0)
            _first[bin] = (position, value);
    }

    /// <summary>The lower edge of the bin that holds a quantile of the numbers that are not zero; 0 where there are none.</summary>
    public double Quantile(double share)
    {
        var wanted = (long)Math.Ceiling(share * Count);
        var bin = 0;
        for (long seen = 0; bin < Bins && (seen += _counts[bin]) < wanted;)
            bin++;
        return Count == 0 ? 0 : Edge(bin);
    }

    /// <summary>How many lie in bins wholly above a threshold, and the first of them in the stream.</summary>
    public (long Count, long First, float Value) Above(double threshold)
    {
        var (count, first, value) = (0L, 0L, 0f);
        for (var bin = Bins - 1; bin >= 0 && Edge(bin) > threshold; bin--)
        {
            if (_counts[bin] == 0)
                continue;
            if (count == 0 || _first[bin].Position < first)
                (first, value) = _first[bin];
            count += _counts[bin];
        }

        return (count, first, value);
    }

    static int Bin(float magnitude) => (int)(BitConverter.SingleToUInt32Bits(magnitude) >> Shift) - LowestBin;

    static double Edge(int bin) => BitConverter.UInt32BitsToSingle((uint)(bin + LowestBin) << Shift);
}
