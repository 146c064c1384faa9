namespace OfflineRL.Datasets;

/// <summary>
/// Random numbers by number: draw i is a pure function of a key and i. So a thread that fetches ahead, a run that is
/// resumed and a device that draws for itself all get the draws that a plain loop gets, and the state is one counter.
/// </summary>
/// <remarks>SplitMix64 (Steele, Lea and Flood 2014); the key comes from a <see cref="RandomStream"/>.</remarks>
/// <param name="Key">Where the sequence starts.</param>
public readonly record struct CounterStream(ulong Key)
{
    /// <summary>The constants of the sequence, for devices that make it themselves.</summary>
    public const ulong Increment = 0x9E3779B97F4A7C15UL, FirstFactor = 0xBF58476D1CE4E5B9UL, SecondFactor = 0x94D049BB133111EBUL;

    /// <summary>Takes 64 bits of the stream as key.</summary>
    public static CounterStream From(RandomStream random) => new(random.NextUInt64());

    /// <summary>64 uniform bits of draw <paramref name="number"/>.</summary>
    public ulong Bits(ulong number)
    {
        var z = Key + ((number + 1) * Increment);
        z = (z ^ (z >> 30)) * FirstFactor;
        z = (z ^ (z >> 27)) * SecondFactor;
        return z ^ (z >> 31);
    }

    /// <summary>Uniform in [0, 1), on the grid of 2^-53.</summary>
    public double Double(ulong number) => (Bits(number) >> 11) * (1.0 / (1UL << 53));

    /// <summary>Uniform in [0, <paramref name="exclusiveMax"/>); off by less than 2^-22 of itself for any int, which no test of a training run sees.</summary>
    public int Below(ulong number, int exclusiveMax) => (int)(Double(number) * exclusiveMax);
}
